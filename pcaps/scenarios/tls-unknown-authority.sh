#!/bin/bash
# The client does not know the authority: it breaks off with the alert unknown_ca, with TLS 1.2 and with 1.3.
# packages: openssl curl
# ports: tcp/443
# expect: 2 tls.alert_message.desc==48
# expect: 2 tls.handshake.type==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443
capture tcp
fails client curl -s --tls-max 1.2 https://www.example.com/
fails client curl -s https://www.example.com/
