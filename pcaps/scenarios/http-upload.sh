#!/bin/bash
# Uploads with curl through nginx: a form with a text field and a PNG (multipart/form-data; picture.png, SHA-256
# a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5), a PUT of a tar.gz (source.tar.gz,
# b2007c91ada26c8a9c16853d4cd08a82f24e701a0d3d1ff651a8d775165a8f6a), and a PUT in chunks.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# expect: 1 http.request.method=="POST" && mime_multipart
# expect: 2 http.request.method=="PUT"
# expect: 1 http.request.method=="PUT" && http.transfer_encoding=="chunked"
# expect: 3 http.response.code==201

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
pictures
cp "$WORK/server/srv/www/"{picture.png,source.tar.gz} "$WORK/client/srv/"
capture tcp
visit -F 'title=a gradient' -F 'picture=@/srv/picture.png;type=image/png' http://www.example.com/app/upload
visit -T /srv/source.tar.gz http://www.example.com/app/source.tar.gz
seq 500 | visit -T - http://www.example.com/app/numbers
