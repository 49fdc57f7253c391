#!/bin/bash
# The client guesses X25519, the server takes only P-384: HelloRetryRequest and a second ClientHello; TLS 1.3.
# packages: openssl
# ports: tcp/443
# expect: 2 tls.handshake.type==1
# expect: 1 tls.handshake.random==cf:21:ad:74:e5:9a:61:11:be:1d:8c:02:1e:65:b8:91:c2:a2:11:16:7a:bb:8c:5e:07:9e:09:e2:c8:a8:33:9c
# expect: tls.handshake.type==2 && tls.handshake.extensions_key_share_group==24

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443 -groups P-384
capture tcp
tls_visit 443 -groups X25519:P-384
