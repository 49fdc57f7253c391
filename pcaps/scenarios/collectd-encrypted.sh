#!/bin/bash
# collectd to collectd, encrypted as alice, on an odd port.
# packages: collectd-core
# ports: udp/15826
# decode: udp.port==15826,collectd
# expect: udp.payload contains "alice"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/collectd.sh"
collectds 15826 Encrypt
capture udp
report
