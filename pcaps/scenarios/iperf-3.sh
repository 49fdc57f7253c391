#!/bin/bash
# iperf 3 over TCP, the other way about, and over UDP, on its own port: some kilobytes each; then a client that is too late.
# packages: iperf3
# ports: tcp/5201, udp/5201
# expect: tcp.payload contains "client_version"

. "${0%/*}/../lib.sh"
serve iperf3 -s -p 5201
listening tcp 5201
capture tcp or udp
client iperf3 -c server -p 5201 -n 8K -l 4K >/dev/null
client iperf3 -c server -p 5201 -n 8K -l 4K -R -T backwards >/dev/null
client iperf3 -c server -p 5201 -u -b 40K -l 600 -t 1 >/dev/null
