#!/bin/bash
# SMB 2.1, negotiated from an SMB1 request (multi-protocol), in a NetBIOS session on port 139.
# packages: samba smbclient
# ports: tcp/139
# expect: 1 nbss.type==0x81
# expect: smb2.dialect==0x0210

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 139
capture tcp
connect files 'ls; get missing.txt' -U "alice%$PASSWORD" -p 139 -m SMB2_10 || true
