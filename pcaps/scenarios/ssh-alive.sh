#!/bin/bash
# OpenSSH with nothing to do: the client asks each second whether the server is there (ServerAliveInterval), for twelve seconds.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22 'ClientAliveInterval 1'
capture tcp
login -o ServerAliveInterval=1 -i /home/alice/.ssh/id alice@server sleep 12
