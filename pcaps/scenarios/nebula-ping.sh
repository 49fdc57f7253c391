#!/bin/bash
# Nebula: a host finds its lighthouse, and pings it in the tunnel.
# packages: nebula iputils-ping
# ports: udp/4242
# expect: udp.port==4242

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nebula.sh"
lighthouse 4242
capture udp
join
