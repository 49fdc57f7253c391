#!/bin/bash
# DTLS 1.2 with messages cut into records of at most 300 bytes: ClientHello and certificate lie in several datagrams.
# packages: openssl
# ports: udp/443
# decode: udp.port==443,dtls
# expect: dtls.handshake.type==11 && dtls.handshake.fragment_offset > 0
# expect: dtls.handshake.type==2
# never: udp.length > 320

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
. "$PCAPS/scenarios/lib/dtls.sh"
KEY=(rsa:2048)
authority
certificate www.example.com
dtls_server 443 -mtu 300 -cert /srv/www.example.com.pem -key /srv/www.example.com.key
capture udp
dtls_talk 443 -mtu 300 -CAfile /srv/ca.pem -servername www.example.com
