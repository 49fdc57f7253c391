#!/bin/bash
# Two wrong passwords and an unknown user (map to guest off): three sessions that never log in.
# packages: samba smbclient
# ports: tcp/445
# expect: 3 smb2.nt_status==0xc000006d
# expect: 3 ntlmssp.auth.username
# never: smb2.cmd==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445 'map to guest = Never'
capture tcp
fails connect files ls -U alice%letmein
fails connect files ls -U alice%123456
fails connect files ls -U mallory%secret
