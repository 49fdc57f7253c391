#!/bin/bash
# Samba both sides, SMB 3.1.1 on an odd port: a folder made, a file (letter.txt, 6 kB) put, listed, renamed, got, deleted, the folder removed.
# packages: samba smbclient
# ports: tcp/4455
# decode: tcp.port==4455,nbss
# accept: _ws.malformed
# expect: smb2.dialect==0x0311
# expect: smb2.filename contains "second.txt"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 4455
capture tcp
connect files "$FILE_WORK" -U "alice%$PASSWORD" -p 4455 -m SMB3
same_file
