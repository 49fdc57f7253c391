#!/bin/bash
# StayRTR and RTRlib's rtrclient on an odd port; and one that asks a server of version 0.
# packages: stayrtr rtr-tools
# ports: tcp/8282, tcp/18282
# decode: tcp.port==8282,rpkirtr tcp.port==18282,rpkirtr
# expect: rpki-rtr.pdu_type==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rtr.sh"
cache 8282
cache 18282 0
capture tcp
client timeout 3 rtrclient -p tcp server 8282 >/dev/null 2>&1 || true
client timeout 3 rtrclient -p tcp server 18282 >/dev/null 2>&1 || true
