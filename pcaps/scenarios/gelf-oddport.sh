#!/bin/bash
# Python's graypy tells Graylog what a program logs, on an odd port: the same as gelf-shop.
# packages: python3-graypy socat
# ports: udp/11999, tcp/11999
# expect: udp.payload[0:2]==1e:0f
# expect: tcp.payload contains "out of paper"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/gelf.sh"
graylog 11999
capture tcp or udp
client /usr/bin/python3 /srv/shop.py 11999
