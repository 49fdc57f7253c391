#!/bin/bash
# Three requests in one segment, sent before any answer (HTTP/1.1 pipelining), the last with "Connection: close"; nginx.
# packages: nginx-light netcat-openbsd python3-minimal
# ports: tcp/8081
# decode: tcp.port==8081,http
# expect: 1 http.request.line contains "Connection: close"
# expect: 3 http.response
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 8081
capture tcp
printf 'GET %s HTTP/1.1\r\nHost: www.example.com\r\n%s\r\n' /new.html '' /style.css '' /nowhere $'Connection: close\r\n' |
    client nc -q 2 server 8081
