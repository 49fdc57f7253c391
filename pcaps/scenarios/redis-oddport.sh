#!/bin/bash
# Redis and redis-cli on an odd port, RESP3 (HELLO 3) with a user of its own: SELECT, a hash, PUBLISH, INFO, CONFIG SET; then
# commands typed by hand.
# packages: redis-server redis-tools netcat-openbsd
# ports: tcp/16380
# expect: tcp.payload contains "HELLO"
# expect: tcp.payload contains "redis_version"

. "${0%/*}/../lib.sh"
serve redis-server --port 16380 --bind 0.0.0.0 --protected-mode no --save '' --dir /srv
listening tcp 16380
server redis-cli -p 16380 ACL SETUSER alice on ">$PASSWORD" '~*' '&*' '+@all'
capture tcp
cli() { client redis-cli -3 -h server -p 16380 --no-auth-warning --user alice --pass "$PASSWORD" "$@"; }
cli -n 2 HSET parts:17 name bolt size 12
cli -n 2 HGETALL parts:17
cli PUBLISH news hello
cli INFO server
cli CONFIG SET maxmemory 100mb
printf 'SET greeting hello\r\nGET greeting\r\nQUIT\r\n' | client nc -N server 16380
