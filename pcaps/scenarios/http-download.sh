#!/bin/bash
# Downloads with curl from nginx: picture.png (12420 bytes, SHA-256 a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5)
# and source.tar.gz (10263 bytes, SHA-256 b2007c91ada26c8a9c16853d4cd08a82f24e701a0d3d1ff651a8d775165a8f6a),
# whole, on two connections; then the last 4000 bytes of the picture (206).
# packages: nginx-light curl python3-minimal
# accept: _ws.malformed
# ports: tcp/8000
# decode: tcp.port==8000,http
# expect: 1 http.response.code==200 && http.content_type=="image/png" && png
# expect: 1 http.response.code==200 && http.content_type=="application/octet-stream"
# expect: 1 http.response.code==206

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 8000
pictures
capture tcp
client curl -s -S -o /srv/picture.png http://www.example.com:8000/picture.png
client curl -s -S -o /srv/source.tar.gz http://www.example.com:8000/source.tar.gz
visit -r -4000 http://www.example.com:8000/picture.png
for file in picture.png source.tar.gz; do cmp "$WORK/client/srv/$file" "$WORK/server/srv/www/$file"; done
