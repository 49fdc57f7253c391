#!/bin/bash
# smbclient -L: the list of shares, asked through the pipe srvsvc (DCE/RPC in SMB 3.1.1), and users asked with rpcclient; smbclient then
# tries port 139, where nobody listens.
# packages: samba smbclient
# ports: tcp/445
# expect: srvsvc.opnum==15
# expect: dcerpc.pkt_type==11
# expect: samr

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
capture tcp
client smbclient --configfile=/srv/smb.conf -L SERVER -U "alice%$PASSWORD"
client rpcclient --configfile=/srv/smb.conf SERVER -U "alice%$PASSWORD" -c 'srvinfo; enumdomusers'
