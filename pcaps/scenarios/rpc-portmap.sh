#!/bin/bash
# rpcinfo asks rpcbind what is there, in versions 2 and 4, on TCP and in datagrams, and whether a program answers.
# packages: rpcbind
# ports: tcp/111 udp/111
# expect: portmap

. "${0%/*}/../lib.sh"
serve rpcbind -f -w
listening tcp 111
capture tcp or udp
client rpcinfo "$S4"
client rpcinfo -p "$S4"
client rpcinfo -T udp "$S4" portmapper 4
client rpcinfo -T tcp "$S4" portmapper 2
fails client rpcinfo -T tcp "$S4" nfs 3
