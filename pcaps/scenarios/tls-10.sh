#!/bin/bash
# TLS 1.0 with RSA key exchange and AES-CBC, as old devices speak it.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.type==2 && tls.handshake.version==0x0301 && tls.handshake.ciphersuite==0x002f
# expect: 1 tls.handshake.certificate

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
KEY=(rsa:2048)
authority
certificate www.example.com
tls_server 443 -tls1 -cipher AES128-SHA:@SECLEVEL=0
capture tcp
tls_visit 443 -tls1 -cipher AES128-SHA:@SECLEVEL=0
