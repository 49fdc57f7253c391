#!/bin/bash
# nginx and curl in Ethernet in GRE (transparent bridging), that tunnel itself in VLAN 30; by wire.py.
# packages: nginx-light curl python3-minimal
# ports: tcp/81
# decode: tcp.port==81,http
# expect: vlan.id==30 && gre.proto==0x6558 && http.request.uri=="/new.html"
# never: !gre || !vlan

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 81
wire --gre ethernet --vlan 30
capture vlan
visit http://www.example.com:81/new.html
