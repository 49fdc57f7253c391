#!/bin/bash
# The capture begins in the midst of a connection: of four requests a second apart the first two are not in it, nor the handshake.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# expect: http.request.uri=="/new.html"
# never: tcp.flags.syn==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
visit --rate 1/s http://www.example.com/new.html{,,,} &
sleep 1.5
capture tcp
wait %1
