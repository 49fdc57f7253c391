#!/bin/bash
# Samba both sides, SMB 2.0.2: a folder made, a file (letter.txt, 6 kB) put, listed, renamed, got, deleted, the folder removed.
# packages: samba smbclient
# ports: tcp/445
# expect: smb2.dialect==0x0202
# expect: smb2.filename contains "first.txt"
# expect: smb2.cmd==8

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
capture tcp
connect files "$FILE_WORK" -U "alice%$PASSWORD" -m SMB2_02
same_file
