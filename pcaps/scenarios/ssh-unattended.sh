#!/bin/bash
# A terminal over OpenSSH at which nobody sits: top renews its screen each second.
# packages: openssh-server openssh-client procps
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
capture tcp
client env TERM=xterm /usr/bin/python3 /mnt/typist.py -- ssh "${SSH_OPTIONS[@]}" -tt -i /home/alice/.ssh/id alice@server \
    'stty rows 12 cols 80; timeout 14 top -d 1 -p 1,2,3'
