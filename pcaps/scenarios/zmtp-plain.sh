#!/bin/bash
# ZeroMQ both sides with PLAIN, on an odd port: a wrong password, then the right one.
# packages: python3-zmq
# ports: tcp/15555
# expect: tcp.payload contains "WELCOME"
# expect: tcp.payload contains "RROR"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/zmtp.sh"
zeromq plain 15555
capture tcp
talk plain 15555 letmein
talk plain 15555 "$PASSWORD"
