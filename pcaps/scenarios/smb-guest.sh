#!/bin/bash
# A guest without password on the public share, SMB 3.1.1: a file put and a listing, then a share that is not for guests, and one
# that does not exist.
# packages: samba smbclient
# ports: tcp/445
# expect: 1 smb2.nt_status==0xc00000cc
# expect: smb2.nt_status==0xc0000022
# expect: smb2.filename contains "letter.txt"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
capture tcp
connect public 'put letter.txt; ls' -N
fails connect files ls -N
fails connect nothing ls -N
