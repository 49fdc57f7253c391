#!/bin/bash
# HAProxy to nginx with the PROXY protocol, version 2, on an odd port: a page for a client behind it, and a check of its own.
# packages: haproxy nginx-light curl
# ports: tcp/18080
# expect: tcp.payload contains 0d:0a:0d:0a:00:0d:0a:51:55:49:54:0a

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/haproxy.sh"
balanced 'send-proxy-v2 proxy-v2-options unique-id check inter 1s' 18080
capture tcp
client curl -s -o /dev/null -H 'Host: www.example.com' http://127.0.0.9:8080/page.html
sleep 1
