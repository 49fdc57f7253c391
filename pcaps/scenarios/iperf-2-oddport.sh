#!/bin/bash
# iperf 2 over TCP and UDP on an odd port: the same as iperf-2.
# packages: iperf
# ports: tcp/15001, udp/15001
# expect: tcp.len>0
# expect: udp.length>100

. "${0%/*}/../lib.sh"
serve iperf -s -p 15001
serve iperf -s -u -p 15001
listening tcp 15001
listening udp 15001
capture tcp or udp
client iperf -c server -p 15001 -n 16K -l 4K >/dev/null
client iperf -c server -u -p 15001 -b 40K -l 600 -t 1 >/dev/null
