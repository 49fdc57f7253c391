#!/bin/bash
# Debian's fingerd and finger: alice, somebody who is not there (the server says nothing at all), everybody; then alice on an odd port.
# packages: fingerd finger socat netcat-openbsd
# ports: tcp/79, and tcp/7900
# expect: 3 tcp.srcport in {79,7900} && tcp.len>0
# expect: finger.query

. "${0%/*}/../lib.sh"
for port in 79 7900; do
    serve socat TCP-LISTEN:$port,reuseaddr,fork EXEC:/usr/sbin/in.fingerd,nofork
    listening tcp $port
done
capture tcp
client finger alice@server >/dev/null
client finger nobody-here@server >/dev/null
client finger @server >/dev/null
client sh -c 'printf "/W alice\r\n" | nc -q 1 server 7900' >/dev/null
