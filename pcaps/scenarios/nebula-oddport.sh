#!/bin/bash
# Nebula on the port of QUIC: the same as nebula-ping.
# packages: nebula iputils-ping
# ports: udp/443
# decode: udp.port==443,data
# expect: udp.port==443

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nebula.sh"
lighthouse 443
capture udp
join
