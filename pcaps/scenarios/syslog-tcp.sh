#!/bin/bash
# util-linux's logger to rsyslog over TCP: lines, and messages behind their length, on an odd port too.
# packages: rsyslog bsdutils
# ports: tcp/514, tcp/5140
# decode: tcp.port==5140,syslog
# expect: 4 tcp.len>0

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/syslog.sh"
syslog_server
capture tcp
printf 'first line\nsecond line\n' | client logger -n server -P 514 -T --rfc3164 -t app -p user.info
client logger -n server -P 514 -T --octet-count --rfc5424=notq -t app -p daemon.warning 'a counted message'
client logger -n server -P 5140 -T --octet-count --rfc5424=notq -t app -p daemon.crit 'another one'
