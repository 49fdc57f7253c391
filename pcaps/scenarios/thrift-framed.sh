#!/bin/bash
# Thrift's Python library both sides, framed, in the compact protocol: four calls, the last of a method that is not there.
# packages: python3-thrift
# ports: tcp/9090
# expect: tcp.payload contains "getPart"
# expect: tcp.payload contains "Unknown function"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/thrift.sh"
thrift_calls 9090 framed compact
