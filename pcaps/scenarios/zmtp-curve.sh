#!/bin/bash
# ZeroMQ both sides with CURVE, on an odd port: everything is encrypted.
# packages: python3-zmq
# ports: tcp/15556
# expect: tcp.payload contains "CURVE"
# expect: tcp.payload contains "INITIATE"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/zmtp.sh"
zeromq curve 15556
capture tcp
talk curve 15556 -
