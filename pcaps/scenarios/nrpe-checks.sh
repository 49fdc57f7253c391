#!/bin/bash
# Nagios' plugin asks the NRPE daemon without TLS: its version, commands in packets of version 4, 3 and 2, one that fails, one that is not there, and one with arguments, which are not taken.
# packages: nagios-nrpe-server nagios-nrpe-plugin
# ports: tcp/5666
# accept: _ws.malformed
# expect: tcp.payload contains "check_greeting"
# expect: tcp.payload contains "size is 17"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nrpe.sh"
daemon 5666 -n
capture tcp
ask 5666 -n
