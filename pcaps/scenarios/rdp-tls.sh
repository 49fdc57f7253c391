#!/bin/bash
# xrdp and FreeRDP: a cookie, TLS agreed on, a login that fails because no session program runs.
# packages: xrdp freerdp2-x11 xvfb openssl
# ports: tcp/3389
# expect: rdp.rt_cookie

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rdp.sh"
xrdp_server 3389 tls
capture tcp
visit 3389 /sec:tls
