#!/bin/bash
# A connection to a port that drops everything: SYN and its repetitions, no answer.
# packages: netcat-openbsd
# ports: tcp/443
# expect: tcp.analysis.retransmission && tcp.flags.syn==1
# never: tcp.flags.ack==1 || tcp.flags.reset==1

. "${0%/*}/../lib.sh"
ip -n "$NET-server" route add blackhole "$C4/32" # answers go nowhere
capture tcp
fails client nc -w 4 server 443
