#!/bin/bash
# OpenSSH over IPv6, log in with a key.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: ipv6.dst==2001:db8:20::2 && tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: 2 ssh.message_code==20
# never: ip

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
ipv6
sshd 22
capture tcp
login -6 -i /home/alice/.ssh/id alice@server hostname
