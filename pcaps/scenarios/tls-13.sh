#!/bin/bash
# OpenSSL both sides, TLS 1.3 with X25519.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.type==1 && tls.handshake.extensions_server_name=="www.example.com"
# expect: 1 tls.handshake.type==2 && tls.handshake.extensions.supported_version==0x0304
# expect: 1 tls.handshake.type==2 && tls.handshake.extensions_key_share_group==29

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443 -tls1_3
capture tcp
tls_visit 443
