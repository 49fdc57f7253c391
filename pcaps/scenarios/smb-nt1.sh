#!/bin/bash
# Samba both sides, SMB1 (NT LM 0.12) on its own port: a folder made, a file (letter.txt, 6 kB) put, listed, renamed, got, deleted, the folder removed.
# packages: samba smbclient
# ports: tcp/445
# expect: smb.cmd==0x72
# expect: 1 smb.cmd==0x07 && smb.flags.response==0
# expect: smb.cmd==0x06
# expect: smb.file contains "letter"
# never: smb2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
capture tcp
connect files "$FILE_WORK" -U "alice%$PASSWORD" -m NT1
same_file
