#!/bin/bash
# SMB 3.1.1, encrypted after the login: only negotiation and session setup can be read.
# packages: samba smbclient
# ports: tcp/445
# expect: smb2.dialect==0x0311
# expect: smb2.protocol_id==0xfd534d42
# expect: smb2.cmd==1
# never: smb2.cmd==5

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
capture tcp
connect files "$FILE_WORK" -U "alice%$PASSWORD" -m SMB3 --client-protection=encrypt
same_file
