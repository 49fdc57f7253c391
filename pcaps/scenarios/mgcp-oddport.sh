#!/bin/bash
# osmo-mgw and Osmocom's client library on an odd port: a connection, turned to another address, a second one, an endpoint that is not there, both closed.
# packages: osmo-mgw libosmo-mgcp-client-dev libosmocore-dev gcc pkg-config
# ports: udp/12427
# accept: _ws.malformed
# decode: udp.port==12427,mgcp
# expect: mgcp.req.verb=="CRCX"
# expect: mgcp.req.verb=="DLCX"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mgcp.sh"
gateway 12427
capture udp
agent 12427
