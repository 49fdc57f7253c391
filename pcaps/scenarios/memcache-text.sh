#!/bin/bash
# memcached and a hand at netcat, its text protocol: version, set, get, incr, a meta get, statistics, and a word it does not know.
# packages: memcached netcat-openbsd
# ports: tcp/11211
# expect: tcp.payload contains "STORED"
# expect: tcp.payload contains "VALUE greeting"

. "${0%/*}/../lib.sh"
serve memcached -u nobody -l 0.0.0.0 -p 11211 -U 0
listening tcp 11211
capture tcp
printf '%s\r\n' version 'set greeting 0 300 5' hello 'get greeting nothing' 'incr visits 1' 'mg greeting v' stats frobnicate quit | client nc -N server 11211
