#!/bin/bash
# A certificate that was valid in 2020 only, TLS 1.2: one client does not mind, the other breaks off with an alert.
# packages: openssl curl
# ports: tcp/443
# expect: 2 tls.handshake.certificate
# expect: x509af.utcTime contains "2020-12-31"
# expect: 1 tls.alert_message.desc==45

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com 20200101 20201231
tls_server 443 -tls1_2
capture tcp
client curl -s -k -o /dev/null https://www.example.com/
fails tls_visit 443
