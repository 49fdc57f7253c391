#!/bin/bash
# TLS 1.2 on SSH's usual second port: OpenSSL both sides, an RSA certificate.
# packages: openssl
# ports: tcp/2222
# decode: tcp.port==2222,tls
# expect: 1 tcp.dstport==2222 && tls.handshake.type==1
# expect: 1 tcp.srcport==2222 && tls.handshake.certificate

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
KEY=(rsa:2048)
authority
certificate www.example.com
tls_server 2222 -tls1_2
capture tcp
tls_visit 2222
