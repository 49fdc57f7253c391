#!/bin/bash
# microsocks and curl on an odd port, without authentication: a page by address, and a port where nobody listens.
# packages: microsocks curl python3-minimal
# ports: tcp/9999
# decode: tcp.port==9999,socks
# expect: socks.version==5

. "${0%/*}/../lib.sh"
echo hello | put /srv/index.html
serve /usr/bin/python3 -m http.server 8000
serve microsocks -p 9999
listening tcp 8000
listening tcp 9999
capture tcp
client curl -sS -o /dev/null --socks5 server:9999 http://10.20.0.2:8000/
fails client curl -sS -o /dev/null --socks5 server:9999 http://10.20.0.2:4444/
