#!/bin/bash
# Python's statsd client to collectd: counters, gauges, timers, a set, and several in one datagram.
# packages: python3-statsd collectd-core
# ports: udp/8125
# expect: udp.payload contains "shop.orders:1|c"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/statsd.sh"
gauges 8125
capture udp
client /usr/bin/python3 /srv/shop.py 8125
