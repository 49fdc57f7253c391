#!/bin/bash
# tinyproxy and curl: a request with a whole URL, which the proxy fetches, and one for a host that the proxy can't find.
# packages: tinyproxy nginx-light curl python3-minimal
# ports: tcp/3128
# expect: 1 http.request.uri=="http://server.example.com:8080/new.html"
# expect: 1 http.response.code==200
# expect: 1 http.response.code==500 || http.response.code==502

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
. "$PCAPS/scenarios/lib/proxy.sh"
web 127.0.0.1:8080
proxy 3128
capture tcp
visit -x http://proxy.example.com:3128 http://server.example.com:8080/new.html
visit -x http://proxy.example.com:3128 http://nowhere.example.com/
