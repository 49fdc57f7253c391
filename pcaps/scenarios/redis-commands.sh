#!/bin/bash
# Redis and redis-cli: a command before logging in (NOAUTH), AUTH, SET, GET, LPUSH, LRANGE, a wrong command, DEL.
# packages: redis-server redis-tools
# ports: tcp/6379
# expect: tcp.payload contains "NOAUTH"
# expect: tcp.payload contains "LRANGE"

. "${0%/*}/../lib.sh"
serve redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --requirepass "$PASSWORD" --save '' --dir /srv
listening tcp 6379
capture tcp
printf '%s\n' 'GET visitors' "AUTH $PASSWORD" 'SET visitors 17 EX 60' 'GET visitors' 'LPUSH queue first second' 'LRANGE queue 0 -1' 'FROBNICATE x' \
    'DEL visitors' | client redis-cli -h server
