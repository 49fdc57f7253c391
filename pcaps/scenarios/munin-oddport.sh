#!/bin/bash
# munin-node and a hand at netcat on an odd port: the same as munin-node.
# packages: munin-node netcat-openbsd
# ports: tcp/14949
# expect: tcp.payload contains "munin node at"
# expect: tcp.payload contains "load.value"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/munin.sh"
node 14949
capture tcp
ask 14949
