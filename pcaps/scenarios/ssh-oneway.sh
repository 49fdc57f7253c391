#!/bin/bash
# Only what the client of an SSH session sends was captured.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: 1 ssh.message_code==20
# never: ip.src==10.20.0.2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
capture tcp and src host "$C4"
login -i /home/alice/.ssh/id alice@server true
