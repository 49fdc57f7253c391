#!/bin/bash
# OpenSSH in two VLAN tags (802.1ad, 100 outside, 7 inside), on an odd port.
# packages: openssh-server openssh-client python3-minimal
# ports: tcp/5022
# decode: tcp.port==5022,ssh
# expect: ieee8021ad.id==100 && vlan.id==7 && ssh.protocol contains "SSH-2.0-OpenSSH"
# never: !ieee8021ad

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 5022
wire --vlan 100 --vlan 7
capture vlan
login -p 5022 -i /home/alice/.ssh/id alice@server true
