#!/bin/bash
# DTLS 1.2, OpenSSL both sides, with the cookie exchange; a line of text there and back.
# packages: openssl
# ports: udp/4433
# decode: udp.port==4433,dtls
# expect: dtls.handshake.type==3
# expect: dtls.handshake.type==2 && dtls.handshake.version==0xfefd
# expect: dtls.handshake.type==11

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
. "$PCAPS/scenarios/lib/dtls.sh"
authority
certificate www.example.com
dtls_server 4433 -cert /srv/www.example.com.pem -key /srv/www.example.com.key
capture udp
dtls_talk 4433 -CAfile /srv/ca.pem -servername www.example.com
