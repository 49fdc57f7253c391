#!/bin/bash
# oidentd: who owns a connection from the server to the client, and one that is not there; on its own port, and on an odd one.
# packages: oidentd netcat-openbsd
# ports: tcp/113, tcp/1130
# expect: 2 tcp.payload contains "USERID"

. "${0%/*}/../lib.sh"
for port in 113 1130; do
    serve oidentd -i -f -u nobody -g nogroup -p $port
    listening tcp $port
done
"$PCAPS/inside.sh" "$NET" "$WORK" client nc -lk 8000 >/dev/null 2>&1 </dev/null &
disown
sleep 0.5
serve sh -c 'sleep 20 | nc -p 4000 client 8000'
sleep 0.5
capture tcp port 113 or tcp port 1130
client sh -c 'printf "4000, 8000\r\n4001, 8000\r\n" | nc -q 2 server 113'
client sh -c 'printf "4000, 8000\r\n" | nc -q 2 server 1130'
