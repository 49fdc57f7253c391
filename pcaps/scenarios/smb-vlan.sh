#!/bin/bash
# SMB 3.1.1 in VLAN 12: a listing of the public share.
# packages: samba smbclient python3-minimal
# ports: tcp/445
# expect: vlan.id==12 && smb2.cmd==14
# never: !vlan

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
wire --vlan 12
capture vlan
connect public ls -N
