#!/bin/bash
# TLS 1.2 over a path of 200-byte segments: ClientHello and certificates lie in many pieces.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.certificate
# expect: 1 tls.handshake.type==1
# never: tcp.len > 200

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
KEY=(rsa:2048)
authority
certificate www.example.com
ip -n "$NET-client" route change default dev eth0 advmss 212
ip -n "$NET-client" route add $S4/32 dev eth0 advmss 212
ip -n "$NET-server" route add $C4/32 dev eth0 advmss 212
tls_server 443 -tls1_2
capture tcp
tls_visit 443
