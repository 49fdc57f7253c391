#!/bin/bash
# One request, the capture file as pcapng, written by dumpcap.
# packages: nginx-light curl python3-minimal wireshark-common
# ports: tcp/80
# files: http-pcapng.pcapng
# expect: 1 http.request.uri=="/new.html"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
capture --pcapng tcp
visit http://www.example.com/new.html
