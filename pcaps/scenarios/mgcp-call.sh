#!/bin/bash
# osmo-mgw and Osmocom's client library: a connection, turned to another address, a second one, an endpoint that is not there, both closed.
# packages: osmo-mgw libosmo-mgcp-client-dev libosmocore-dev gcc pkg-config
# ports: udp/2427
# accept: _ws.malformed
# expect: mgcp.req.verb=="CRCX"
# expect: mgcp.req.verb=="DLCX"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mgcp.sh"
gateway 2427
capture udp
agent 2427
