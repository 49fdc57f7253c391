#!/bin/bash
# The NATS server and a hand at netcat: CONNECT with a login, SUB, PUB, the message got back; then a wrong password, and an error.
# packages: nats-server netcat-openbsd
# ports: tcp/4222
# expect: tcp.payload contains "server_id"
# expect: tcp.payload contains "Authorization Violation"

. "${0%/*}/../lib.sh"
serve nats-server -p 4222 --user alice --pass "$PASSWORD"
listening tcp 4222
capture tcp
say() { printf '%s\r\n' "$@"; }
hello='"verbose":false,"pedantic":false,"name":"billing","lang":"c","version":"3.8.0"'
{ say "CONNECT {$hello,\"user\":\"alice\",\"pass\":\"$PASSWORD\"}" PING 'SUB orders.> 1' 'PUB orders.new 5' hello 'PUB orders.old 0' '' && sleep 1; } | client nc -N server 4222
{ say "CONNECT {$hello,\"user\":\"alice\",\"pass\":\"letmein\"}" PING && sleep 1; } | client nc -N server 4222
