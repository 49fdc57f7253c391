#!/bin/bash
# libcoap over TCP (RFC 8323) and over UDP, on an odd port: discovery, a resource read, written, observed and deleted.
# packages: libcoap3-bin
# ports: udp/25683, tcp/25683
# decode: udp.port==25683,coap
# expect: udp && coap.code==132
# expect: tcp.payload contains "well-known"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/coap.sh"
coap_server 25683
capture udp or tcp
ask 25683 udp
ask 25683 tcp
