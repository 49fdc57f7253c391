#!/bin/bash
# libcoap's server and client: discovery, a resource read, written, observed and deleted, one that is not there; over UDP.
# packages: libcoap3-bin
# ports: udp/5683
# expect: coap.opt.uri_path=="core"
# expect: coap.code==132

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/coap.sh"
coap_server 5683
capture udp
ask 5683 udp
