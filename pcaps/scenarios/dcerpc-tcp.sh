#!/bin/bash
# rpcclient over TCP: the endpoint mapper is asked, then the local security authority, with NTLM signed and sealed.
# packages: samba smbclient samba-common-bin
# ports: tcp/135
# decode: tcp.port==135,dcerpc
# expect: epm

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
sed -i 's/rpc start on demand helpers = yes/rpc start on demand helpers = no/' "$WORK/server/srv/smb.conf"
serve /usr/libexec/samba/samba-dcerpcd --configfile=/srv/smb.conf --foreground --libexec-rpcds --debug-stdout
listening tcp 135
sleep 3
capture tcp
client rpcclient --configfile=/srv/smb.conf "ncacn_ip_tcp:$S4" -U "alice%$PASSWORD" -c 'epmmap' || true
client rpcclient --configfile=/srv/smb.conf "ncacn_ip_tcp:$S4[sign]" -U "alice%$PASSWORD" -c 'lsaquery' || true
client rpcclient --configfile=/srv/smb.conf "ncacn_ip_tcp:$S4[seal]" -U "alice%$PASSWORD" -c 'enumdomusers' || true
