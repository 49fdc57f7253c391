#!/bin/bash
# nginx and curl under two MPLS labels (1000, 16 at the bottom); by wire.py.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# expect: mpls.label==1000 && mpls.label==16 && http.request.uri=="/new.html"
# never: !mpls

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
wire --mpls 1000 --mpls 16
capture mpls
visit http://www.example.com/new.html
