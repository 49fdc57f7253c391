#!/bin/bash
# The same file by TCP between two Transmissions, on the second port of SMTP.
# packages: transmission-daemon transmission-cli opentracker
# ports: tcp/2525
# decode: tcp.port==2525,bittorrent
# expect: 2 bittorrent.info_hash

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/bittorrent.sh"
torrent http://server.example.com:6969/announce
tracker
peer server 2525 false
listening tcp 2525
sleep 5
capture "port 2525"
peer client 51413 false
for try in $(seq 60); do
    if cmp -s "$WORK/server/srv/files/example.txt" "$WORK/client/srv/files/example.txt"; then break; fi
    sleep 0.5
done
echo "after $try tries" >&2
