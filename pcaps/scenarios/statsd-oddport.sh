#!/bin/bash
# Python's statsd client to collectd on an odd port: the same as statsd-shop.
# packages: python3-statsd collectd-core
# ports: udp/18125
# expect: udp.payload contains "shop.orders:1|c"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/statsd.sh"
gauges 18125
capture udp
client /usr/bin/python3 /srv/shop.py 18125
