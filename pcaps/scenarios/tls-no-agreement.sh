#!/bin/bash
# Nothing in common: the server speaks only TLS 1.3, the client only 1.2; then the other way about with ciphers. Alerts, no ServerHello.
# packages: openssl
# ports: tcp/443, tcp/444
# decode: tcp.port==444,tls
# expect: 1 tls.alert_message.desc==70
# expect: 1 tls.alert_message.desc==40
# never: tls.handshake.type==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443 -tls1_3
tls_server 444 -tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256
capture tcp
fails tls_visit 443 -tls1_2
fails tls_visit 444 -tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384
