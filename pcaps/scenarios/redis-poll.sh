#!/bin/bash
# Redis asked for the length of a queue four times a second, sixty times, on one connection; then as fast as it goes.
# packages: redis-server redis-tools
# ports: tcp/6379
# expect: tcp.payload contains "LLEN"

. "${0%/*}/../lib.sh"
serve redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save '' --dir /srv
listening tcp 6379
capture tcp
client redis-cli -h server -i 0.25 -r 60 LLEN queue
client redis-cli -h server -r 60 LLEN queue
