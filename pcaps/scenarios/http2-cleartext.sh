#!/bin/bash
# nginx and nghttp, HTTP/2 without TLS (prior knowledge), three requests in parallel on one connection, one of them for nothing.
# packages: nginx-light nghttp2-client python3-minimal
# ports: tcp/8082
# decode: tcp.port==8082,http2
# expect: http2.magic
# expect: http2.headers.path=="/new.html"
# expect: http2.headers.status==404
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 8082 http2
capture tcp
client nghttp -n http://www.example.com:8082/{new.html,style.css,missing}
