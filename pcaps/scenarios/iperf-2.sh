#!/bin/bash
# iperf 2 over TCP and UDP, on its own port: some kilobytes as fast as asked for.
# packages: iperf
# ports: tcp/5001, udp/5001
# expect: tcp.len>0
# expect: udp.length>100

. "${0%/*}/../lib.sh"
serve iperf -s -p 5001
serve iperf -s -u -p 5001
listening tcp 5001
listening udp 5001
capture tcp or udp
client iperf -c server -p 5001 -n 16K -l 4K >/dev/null
client iperf -c server -u -p 5001 -b 40K -l 600 -t 1 >/dev/null
