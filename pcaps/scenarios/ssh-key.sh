#!/bin/bash
# OpenSSH both sides, log in with an ed25519 key and run one command, on the ordinary port.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: 2 ssh.message_code==20
# expect: tcp.flags.fin==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
capture tcp
login -i /home/alice/.ssh/id alice@server uname -s
