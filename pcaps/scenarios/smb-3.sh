#!/bin/bash
# Samba both sides, SMB 3.1.1, signed: a folder made, a file (letter.txt, 6 kB) put, listed, renamed, got, deleted, the folder removed.
# packages: samba smbclient
# ports: tcp/445
# expect: smb2.dialect==0x0311
# expect: smb2.flags.signature==1 && smb2.cmd==5
# expect: smb2.filename contains "second.txt"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
capture tcp
connect files "$FILE_WORK" -U "alice%$PASSWORD" -m SMB3 --client-protection=sign
same_file
