#!/bin/bash
# A self-signed certificate, TLS 1.2; the client does not mind.
# packages: openssl curl
# ports: tcp/4443
# expect: 1 tls.handshake.certificate
# expect: 1 tls.handshake.type==1
# never: tls.alert_message.level==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
self_signed www.example.com
tls_server 4443 -tls1_2
capture tcp
client curl -s -k -o /dev/null https://www.example.com:4443/
