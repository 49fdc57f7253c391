#!/bin/bash
# chrony both sides: a client asks a server four times for the time; then ntpdig asks it once.
# packages: chrony ntpsec-ntpdig
# ports: udp/123
# expect: ntp.flags.mode==3
# expect: ntp.flags.mode==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ntp.sh"
time_server 123
capture udp
ask_time 123
client ntpdig "$S4" >/dev/null
