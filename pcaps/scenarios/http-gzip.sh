#!/bin/bash
# One request, the capture file compressed by gzip.
# packages: nginx-light curl gzip python3-minimal
# ports: tcp/80
# files: http-gzip.pcap.gz
# expect: 1 http.request.uri=="/new.html"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
capture --gzip tcp
visit http://www.example.com/new.html
