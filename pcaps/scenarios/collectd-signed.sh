#!/bin/bash
# collectd to collectd, signed as alice, on an odd port.
# packages: collectd-core
# ports: udp/25827
# decode: udp.port==25827,collectd
# expect: collectd.data.username=="alice" || collectd.data.host=="client.example.com"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/collectd.sh"
collectds 25827 Sign
capture udp
report
