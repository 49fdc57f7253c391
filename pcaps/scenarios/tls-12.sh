#!/bin/bash
# OpenSSL both sides, TLS 1.2, ECDHE with an ECDSA certificate of our own authority, ALPN.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.type==1 && tls.handshake.extensions_server_name=="www.example.com"
# expect: 1 tls.handshake.type==2 && tls.handshake.version==0x0303 && !tls.handshake.extensions.supported_version
# expect: 1 tls.handshake.certificate
# expect: 1 tls.handshake.type==2 && tls.handshake.extensions_alpn_str=="http/1.1"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443 -tls1_2 -alpn http/1.1
capture tcp
tls_visit 443 -alpn h2,http/1.1
