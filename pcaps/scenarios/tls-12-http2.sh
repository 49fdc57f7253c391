#!/bin/bash
# nginx and curl, HTTP/2 in TLS 1.2, chosen by ALPN, on an odd port.
# packages: nginx-light curl python3-minimal
# ports: tcp/5353
# decode: tcp.port==5353,tls
# expect: 1 tls.handshake.type==2 && tls.handshake.extensions_alpn_str=="h2"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
. "$PCAPS/scenarios/lib/http.sh"
authority
certificate www.example.com
TLS="$(nginx_tls www.example.com)" web 5353 ssl http2
capture tcp
visit --cacert /srv/ca.pem --tls-max 1.2 https://www.example.com:5353/new.html
