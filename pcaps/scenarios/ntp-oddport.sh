#!/bin/bash
# chrony both sides on an odd port, of stratum 1.
# packages: chrony
# ports: udp/11123
# decode: udp.port==11123,ntp
# expect: ntp.flags.mode==4 && ntp.stratum==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ntp.sh"
time_server 11123 1
capture udp
ask_time 11123
