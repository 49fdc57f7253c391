#!/bin/bash
# SMB 3.0.2 (a dialect without pre-authentication integrity), alice, a file put and got.
# packages: samba smbclient
# ports: tcp/445
# expect: smb2.dialect==0x0302
# expect: smb2.cmd==9

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445 'server max protocol = SMB3_02'
capture tcp
connect files 'put letter.txt; get letter.txt back.txt' -U "alice%$PASSWORD" -m SMB3
same_file
