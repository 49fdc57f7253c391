#!/bin/bash
# Python's graypy tells Graylog what a program logs: by UDP compressed, in clear and in chunks, and by TCP.
# packages: python3-graypy socat
# ports: udp/12201, tcp/12201
# expect: udp.payload[0:2]==1e:0f
# expect: tcp.payload contains "out of paper"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/gelf.sh"
graylog 12201
capture tcp or udp
client /usr/bin/python3 /srv/shop.py 12201
