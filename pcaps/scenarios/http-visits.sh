#!/bin/bash
# nginx and curl, eleven requests on one connection: a gzipped page in chunks, a style sheet, HEAD, 404, a redirect and where it
# leads, basic authentication (401, then alice), a chunked stream, a login form with a password and a token, OPTIONS.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
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
web 80
capture tcp
visits http://www.example.com
