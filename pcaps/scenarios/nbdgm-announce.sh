#!/bin/bash
# nmbd announces itself, its workgroup and who keeps the list of it, by datagrams of NetBIOS, and holds an election.
# packages: samba smbclient samba-common-bin
# ports: udp/138
# expect: browser.command==0x01
# expect: browser.command==0x0f

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
capture udp port 138
file_server 445
sed -i '/^\[global\]/a server string = files of everybody\npreferred master = yes\nlocal master = yes\nos level = 65\ndomain master = yes' "$WORK/server/srv/smb.conf"
serve nmbd --foreground --no-process-group --debug-stdout --configfile=/srv/smb.conf
sleep 45
