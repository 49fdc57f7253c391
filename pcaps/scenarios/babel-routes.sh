#!/bin/bash
# babeld both sides: each tells the other a route, then one goes and takes its routes back.
# packages: babeld
# ports: udp/6696
# expect: babel.message.type==4
# expect: babel.message.type==8

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/babel.sh"
routers 6696
