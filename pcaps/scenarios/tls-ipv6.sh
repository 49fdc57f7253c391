#!/bin/bash
# OpenSSL both sides, TLS 1.3 over IPv6.
# packages: openssl
# ports: tcp/8443
# expect: 1 ipv6 && tls.handshake.type==2 && tls.handshake.extensions.supported_version==0x0304
# never: ip

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
ipv6
tls_server 8443 -6
capture tcp
tls_visit 8443 -6
