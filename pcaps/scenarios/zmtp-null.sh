#!/bin/bash
# ZeroMQ both sides without a login: two questions and their answers.
# packages: python3-zmq
# ports: tcp/5555
# expect: tcp.payload contains "Socket-Type"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/zmtp.sh"
zeromq null 5555
capture tcp
talk null 5555 -
