#!/bin/bash
# The two files of http-download over a bad line: each side of the tap loses 5 % of the frames, delays 5 ms, brings 8 % late and 2 %
# twice. The client has both whole: their SHA-256 must come out as there.
# packages: nginx-light curl python3-minimal
# accept: _ws.malformed
# ports: tcp/80
# expect: 1 http.content_type=="image/png"
# expect: 1 http.response.code==200 && http.content_type=="application/octet-stream"
# expect: tcp.analysis.retransmission
# expect: tcp.analysis.out_of_order || tcp.analysis.lost_segment

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
pictures
wire --loss 0.05 --delay 0.005 --reorder 0.08 --late 0.02 --double 0.02 --seed 3
capture tcp
client curl -s -S -o /srv/picture.png http://www.example.com/picture.png
client curl -s -S -o /srv/source.tar.gz http://www.example.com/source.tar.gz
for file in picture.png source.tar.gz; do cmp "$WORK/client/srv/$file" "$WORK/server/srv/www/$file"; done
