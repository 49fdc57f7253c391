#!/bin/bash
# Thrift's Python library both sides, without frames, in the binary protocol, on an odd port: the calls of thrift-framed.
# packages: python3-thrift
# ports: tcp/19090
# expect: tcp.payload contains "getPart"
# expect: tcp.payload contains "Unknown function"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/thrift.sh"
thrift_calls 19090 bare binary
