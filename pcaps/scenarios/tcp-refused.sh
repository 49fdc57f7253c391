#!/bin/bash
# Connections to two closed ports: SYN, RST.
# packages: netcat-openbsd
# ports: tcp/22, tcp/9999
# expect: 2 tcp.flags.syn==1
# expect: 2 tcp.flags.reset==1

. "${0%/*}/../lib.sh"
capture tcp
fails client nc -w 2 server 22
fails client nc -w 2 server 9999
