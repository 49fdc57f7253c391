#!/bin/bash
# Typing over OpenSSH with a block cipher and a long checksum (52 and more bytes a key), on HTTPS's port, over a bad line: 2 % of the
# frames are lost on each side of the tap, all are 15 ms late.
# packages: openssh-server openssh-client python3-minimal
# ports: tcp/443
# decode: tcp.port==443,ssh
# expect: tcp.dstport==443 && ssh.protocol contains "SSH-2.0-OpenSSH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 443 'Ciphers aes256-ctr,aes256-cbc' 'MACs hmac-sha2-512'
wire --loss 0.02 --delay 0.015 --seed 3
capture tcp
client /usr/bin/python3 /mnt/typist.py 'whoami\n' 'cat /etc/hostname\n' 'df -h /\n' 'exit\n' -- \
    ssh "${SSH_OPTIONS[@]}" -tt -p 443 -c aes256-cbc -i /home/alice/.ssh/id alice@server /bin/sh
