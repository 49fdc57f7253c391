#!/bin/bash
# HTTP/3 over QUIC version 1, ngtcp2 both sides: two connections, the second taken up again with its ticket and early data.
# packages: ngtcp2-client ngtcp2-server openssl
# ports: udp/443
# decode: udp.port==443,quic
# expect: quic.version==1 && tls.handshake.type==1
# expect: quic.version==1 && tls.handshake.type==2
# expect: quic.long.packet_type==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/quic.sh"
quic 443
capture udp
for try in 1 2; do
    fetch 443 --session-file=/srv/session --tp-file=/srv/parameters || echo "visit $try failed" >&2
done
