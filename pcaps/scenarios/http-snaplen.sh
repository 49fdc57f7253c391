#!/bin/bash
# Only the first 120 bytes of each frame were captured: the heads are cut off.
# packages: nginx-light curl python3-minimal
# ports: tcp/80
# accept: _ws.malformed
# expect: frame.cap_len==120 && frame.len>120
# never: frame.cap_len > 120

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
web 80
capture --snap 120 tcp
visit http://www.example.com/{new.html,style.css,missing}
