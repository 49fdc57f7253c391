#!/bin/bash
# Nagios' plugin asks the NRPE daemon on an odd port: the same as nrpe-checks.
# packages: nagios-nrpe-server nagios-nrpe-plugin
# ports: tcp/15666
# accept: _ws.malformed
# expect: tcp.payload contains "check_greeting"
# expect: tcp.payload contains "size is 17"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nrpe.sh"
daemon 15666 -n
capture tcp
ask 15666 -n
