#!/bin/bash
# Cyclone DDS' ddsperf both sides: they find each other by groups, and one pings the other by UDP.
# packages: cyclonedds-tools
# ports: udp/7400 and after it
# expect: rtps
# expect: rtps.sm.id==0x15

. "${0%/*}/../lib.sh"
for host in client server; do
    ip -n "$NET-$host" route add 224.0.0.0/4 dev eth0
done
capture udp
serve timeout 7 ddsperf -D 6 pong
client timeout 6 ddsperf -D 5 ping 2Hz >/dev/null 2>&1 || true
