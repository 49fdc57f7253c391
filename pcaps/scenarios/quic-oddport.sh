#!/bin/bash
# QUIC version 2, as ngtcp2 had it in its draft, on the port of STUN; the server asks for proof of the client's address (Retry).
# packages: ngtcp2-client ngtcp2-server openssl
# ports: udp/3478
# decode: udp.port==3478,quic
# accept: _ws.malformed
# expect: 2 quic.version==0x709a50c4 && udp.dstport==3478 && udp.length==1208

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/quic.sh"
quic 3478 --validate-addr
capture udp
fetch 3478 -v v2draft
