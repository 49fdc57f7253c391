#!/bin/bash
# munin-node and a hand at netcat: what it can, its hosts and plugins, the configuration and the values of one, one that is not there, an unknown command.
# packages: munin-node netcat-openbsd
# ports: tcp/4949
# expect: tcp.payload contains "munin node at"
# expect: tcp.payload contains "load.value"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/munin.sh"
node 4949
capture tcp
ask 4949
