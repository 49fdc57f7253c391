#!/bin/bash
# A shell over OpenSSH in which somebody types: keystrokes 80 to 250 ms apart, a mistyped letter, an answer of some lines.
# packages: openssh-server openssh-client python3-minimal
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: tcp.port==22 && tcp.len==36 && ip.src==10.20.0.1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
capture tcp
client /usr/bin/python3 /mnt/typist.py 'ls -l /srvv\x7f\n' 'echo hello from alice\n' 'exit\n' -- \
    ssh "${SSH_OPTIONS[@]}" -tt -i /home/alice/.ssh/id alice@server /bin/sh
