#!/bin/bash
# collectd to collectd, in clear: load and memory for some seconds.
# packages: collectd-core
# ports: udp/25826
# expect: collectd.data.host=="client.example.com"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/collectd.sh"
collectds 25826 None
capture udp
report
