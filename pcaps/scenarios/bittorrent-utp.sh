#!/bin/bash
# The same file by uTP between two Transmissions, on the port of RDP.
# packages: transmission-daemon transmission-cli opentracker
# ports: udp/3389
# accept: _ws.malformed
# expect: udp.port==3389 && frame contains "BitTorrent protocol"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/bittorrent.sh"
torrent http://server.example.com:6969/announce
tracker
peer server 3389 true
listening tcp 3389
sleep 5
capture "port 3389"
peer client 51413 true
for try in $(seq 60); do
    if cmp -s "$WORK/server/srv/files/example.txt" "$WORK/client/srv/files/example.txt"; then break; fi
    sleep 0.5
done
echo "after $try tries" >&2
