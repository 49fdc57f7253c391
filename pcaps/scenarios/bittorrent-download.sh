#!/bin/bash
# A file by BitTorrent: aria2 asks a tracker over UDP and the hash table, and gets the file from Transmission, which it encrypts away.
# packages: aria2 transmission-daemon transmission-cli opentracker
# ports: tcp/51413, udp/51413, udp/6969
# decode: udp.port==51413,bt-dht
# expect: tcp.dstport==51413
# expect: bt-dht
# expect: udp.port==6969

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/bittorrent.sh"
torrent udp://server.example.com:6969/announce
tracker
peer server 51413 false
listening tcp 51413
sleep 5 # the tracker must know it
capture "tcp or udp"
client aria2c -q --enable-dht=true --enable-dht6=false --dht-entry-point=server.example.com:51413 --dht-file-path=/srv/dht.dat \
    --dht-listen-port=6881 --listen-port=6881 --seed-time=0 --bt-enable-lpd=false --bt-stop-timeout=20 -d /srv/files /srv/example.torrent || true
cmp "$WORK/server/srv/files/example.txt" "$WORK/client/srv/files/example.txt"
