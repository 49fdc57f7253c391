#!/bin/bash
# One request, the capture file with time stamps in nanoseconds.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# expect: 1 http.request.uri=="/new.html"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
capture --nano tcp
visit http://www.example.com/new.html
