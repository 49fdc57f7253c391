#!/bin/bash
# Only what the server sends was captured, as on a tap of one fibre of two: answers without requests.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# expect: 3 http.response
# never: http.request || ip.src==10.20.0.1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
capture tcp and src host "$S4"
visit http://www.example.com/{new.html,style.css,missing}
