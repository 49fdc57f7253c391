#!/bin/bash
# Python's http.server, which speaks HTTP/1.0 and closes after each answer, on TLS's port; one file twice, one missing.
# packages: curl python3-minimal
# ports: tcp/443
# decode: tcp.port==443,http
# expect: 2 http.response.version=="HTTP/1.0" && http.response.code==200
# expect: 1 http.response.code==404
# expect: 3 http.server contains "SimpleHTTP"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
pages
serve /usr/bin/python3 -m http.server -d /srv/www 443
listening tcp 443
capture tcp
visit http://www.example.com:443/new.html
visit -0 http://www.example.com:443/new.html
visit http://www.example.com:443/missing.html
