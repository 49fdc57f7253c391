#!/bin/bash
# HAProxy to nginx with the PROXY protocol, version 1: a page for a client behind it.
# packages: haproxy nginx-light curl
# ports: tcp/80
# expect: tcp.payload contains "PROXY TCP4 127.0.0.1 127.0.0.9"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/haproxy.sh"
balanced send-proxy 80
capture tcp
client curl -s -o /dev/null -H 'Host: www.example.com' http://127.0.0.9:8080/page.html
