#!/bin/bash
# A plain HTTP request to a server that speaks TLS there: nginx answers 400 in clear text.
# packages: nginx-light curl openssl python3-minimal
# ports: tcp/443
# decode: tcp.port==443,http
# expect: 1 http.request
# expect: 1 http.response.code==400

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
TLS="$(nginx_tls www.example.com)" web 443 ssl
capture tcp
visit http://www.example.com:443/new.html
