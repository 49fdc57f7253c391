#!/bin/bash
# nginx and curl in a VXLAN (id 42, the kernel's own, UDP port 4789).
# packages: nginx-light curl python3-minimal
# ports: tcp/80 in udp/4789
# expect: vxlan.vni==42 && http.request.uri=="/new.html"
# never: !vxlan

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
vxlan 42
web 80
capture udp port 4789
visit http://www.example.com/new.html
