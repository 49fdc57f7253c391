#!/bin/bash
# The server asks for the client's certificate and gets alice's: once with TLS 1.2, where it can be read, once with 1.3.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.type==13
# expect: 1 x509sat.uTF8String=="alice.example.com"
# expect: 2 tls.handshake.type==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
certificate alice.example.com
tls_server 443 -Verify 1 -CAfile /srv/ca.pem
capture tcp
for version in -tls1_2 -tls1_3; do tls_visit 443 $version -cert /srv/alice.example.com.pem -key /srv/alice.example.com.key; done
