#!/bin/bash
# Samba both sides, SMB1 in a NetBIOS session (session request for SERVER, from CLIENT), guest; a listing.
# packages: samba smbclient
# ports: tcp/139
# expect: 1 nbss.type==0x81
# expect: smb.cmd==0x72
# never: smb2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 139
capture tcp
connect public 'ls' -N -p 139 -m NT1
