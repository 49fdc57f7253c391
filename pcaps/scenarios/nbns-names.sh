#!/bin/bash
# nmbd registers SERVER and the workgroup by broadcast; nmblookup asks for a name by broadcast, for one that nobody has, and for the
# host's table (node status).
# packages: samba smbclient samba-common-bin
# ports: udp/137
# expect: nbns.flags.opcode==5
# expect: nbns.flags.response==1 && nbns.addr==10.20.0.2
# expect: nbns.type==33

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
capture udp port 137
file_server 445
serve nmbd --foreground --no-process-group --debug-stdout --configfile=/srv/smb.conf
sleep 6
client nmblookup --configfile=/srv/smb.conf SERVER
client nmblookup --configfile=/srv/smb.conf NOBODY || true
client nmblookup --configfile=/srv/smb.conf -A "$S4"
