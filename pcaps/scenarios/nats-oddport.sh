#!/bin/bash
# The NATS server on an odd port, where nobody has to log in: a message published and got.
# packages: nats-server netcat-openbsd
# ports: tcp/14222
# expect: tcp.payload contains "server_id"
# expect: tcp.payload contains "MSG orders.new"

. "${0%/*}/../lib.sh"
serve nats-server -p 14222
listening tcp 14222
capture tcp
say() { printf '%s\r\n' "$@"; }
hello='"verbose":false,"pedantic":false,"name":"billing","lang":"c","version":"3.8.0"'
{ say "CONNECT {$hello}" PING 'SUB orders.> 1' 'PUB orders.new 5' hello 'PUB orders.old 0' '' && sleep 1; } | client nc -N server 14222
