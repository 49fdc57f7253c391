#!/bin/bash
# xrdp and FreeRDP on an odd port with RDP's own security: the client's settings pass in clear.
# packages: xrdp freerdp2-x11 xvfb openssl
# ports: tcp/8080
# decode: tcp.port==8080,tpkt
# expect: rdp.client.name

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rdp.sh"
xrdp_server 8080 rdp
capture tcp
visit 8080 /sec:rdp
