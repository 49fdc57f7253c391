#!/bin/bash
# microsocks and curl: user and password, a name that the proxy looks up, and a page through it.
# packages: microsocks curl python3-minimal
# ports: tcp/1080
# expect: socks.dstport==8000
# expect: http.request

. "${0%/*}/../lib.sh"
echo hello | put /srv/index.html
serve /usr/bin/python3 -m http.server 8000
serve microsocks -p 1080 -u alice -P "$PASSWORD"
listening tcp 8000
listening tcp 1080
capture tcp
client curl -sS -o /dev/null --socks5-hostname "alice:$PASSWORD@server:1080" http://server.example.com:8000/
fails client curl -sS -o /dev/null --socks5-hostname "alice:wrong@server:1080" http://server.example.com:8000/
