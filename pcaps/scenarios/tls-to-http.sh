#!/bin/bash
# TLS's ClientHello to a server that speaks plain HTTP: nginx answers 400 in clear text.
# packages: nginx-light openssl python3-minimal
# ports: tcp/80
# decode: tcp.port==80,tls
# expect: 1 tls.handshake.type==1
# expect: 1 tcp.srcport==80 && tcp.payload contains "HTTP/1.1 400"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
. "$PCAPS/scenarios/lib/http.sh"
authority
web 80
capture tcp
fails tls_visit 80
