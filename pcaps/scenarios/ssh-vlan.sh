#!/bin/bash
# OpenSSH in VLAN 205 (802.1Q), log in with a key.
# packages: openssh-server openssh-client python3-minimal
# ports: tcp/22
# expect: vlan.id==205 && tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: vlan.id==205 && tcp.flags.fin==1
# never: !vlan

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
wire --vlan 205
capture vlan
login -i /home/alice/.ssh/id alice@server true
