#!/bin/bash
# tinyproxy and curl: CONNECT to www.example.com:443 and TLS 1.3 inside, with HTTP/1.1 in it; then a CONNECT that is refused.
# packages: tinyproxy nginx-light curl python3-minimal
# ports: tcp/8888
# decode: tcp.port==8888,http
# expect: 1 http.request.method=="CONNECT" && http.request.uri=="www.example.com:443"
# expect: tls.handshake.extensions_server_name=="www.example.com"
# expect: 1 http.request.method=="CONNECT" && http.request.uri contains "nowhere"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
. "$PCAPS/scenarios/lib/proxy.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
TLS="$(nginx_tls www.example.com)" web 127.0.0.1:443 ssl
proxy 8888
capture tcp
visit --cacert /srv/ca.pem -x http://proxy.example.com:8888 https://www.example.com/new.html
fails visit -x http://proxy.example.com:8888 https://nowhere.example.com/
