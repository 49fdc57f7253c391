#!/bin/bash
# iperf 3 on an odd port: the same as iperf-3.
# packages: iperf3
# ports: tcp/15201, udp/15201
# expect: tcp.payload contains "client_version"

. "${0%/*}/../lib.sh"
serve iperf3 -s -p 15201
listening tcp 15201
capture tcp or udp
client iperf3 -c server -p 15201 -n 8K -l 4K >/dev/null
client iperf3 -c server -p 15201 -n 8K -l 4K -R -T backwards >/dev/null
client iperf3 -c server -p 15201 -u -b 40K -l 600 -t 1 >/dev/null
