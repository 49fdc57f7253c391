#!/bin/bash
# SMB 3.1.1 over IPv6: a file put and got.
# packages: samba smbclient
# ports: tcp/445
# expect: ipv6 && smb2.dialect==0x0311
# expect: ipv6 && smb2.filename contains "letter.txt"
# never: ip

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
ipv6
file_server 445
capture tcp
connect files 'put letter.txt; get letter.txt back.txt' -U "alice%$PASSWORD" -I "$S6"
same_file
