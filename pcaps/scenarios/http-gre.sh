#!/bin/bash
# nginx and curl in a GRE tunnel (IP in GRE, 10.99.0.1 to 10.99.0.2, by wire.py).
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# expect: gre && ip.src==10.20.0.1 && http.request.uri=="/new.html"
# never: !gre

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
wire --gre ip
capture proto gre
visit http://www.example.com/new.html http://www.example.com/
