#!/bin/bash
# The client begins with a version that means nothing, the server lists those that it speaks, the client takes version 1; IPv6.
# packages: ngtcp2-client ngtcp2-server openssl
# ports: udp/4433
# decode: udp.port==4433,quic
# expect: quic.version==0x1a2a3a4a
# expect: quic.version==0 && quic.supported_version==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/quic.sh"
ipv6
quic 4433
capture udp
fetch 4433 -v 0x1a2a3a4a --preferred-versions=v1 || true
