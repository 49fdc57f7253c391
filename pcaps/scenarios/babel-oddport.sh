#!/bin/bash
# babeld both sides on an odd port: the routes of babel-routes.
# packages: babeld
# ports: udp/16696
# decode: udp.port==16696,babel
# expect: babel.message.type==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/babel.sh"
routers 16696
