#!/bin/bash
# The same eleven requests as http-visits on an odd port.
# packages: nginx-light curl python3-minimal
# ports: tcp/22222
# decode: tcp.port==22222,http
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0
# expect: http.request.method=="HEAD" && http.request.uri=="/new.html"
# expect: http.response.code==302 && http.location contains "/new.html"
# expect: 2 http.request.uri=="/private/"
# expect: 1 http.authbasic=="alice:correct-horse"
# expect: 1 http.response.code==401
# expect: 1 http.response.code==404
# expect: 1 http.content_encoding=="gzip" && http.transfer_encoding=="chunked"
# expect: 1 http.request.method=="POST" && urlencoded-form
# expect: 11 http.request
# expect: 11 http.response

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 22222
capture tcp
visits http://www.example.com:22222
