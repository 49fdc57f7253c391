#!/bin/bash
# uhub and two ncdc around it: both log in, one searches for a file and fetches what the other shares, by ADC.
# packages: uhub ncdc
# ports: tcp/1511, tcp/1412
# expect: tcp.port==1511 && tcp.payload contains "BINF"
# expect: tcp.port==1412 && tcp.payload contains "CSUP"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/directconnect.sh"
hub 1511
capture tcp
meet 1511 1412
