#!/bin/bash
# util-linux's logger to rsyslog over UDP: three messages in the old form, one in the new, and some of an odd port.
# packages: rsyslog bsdutils
# ports: udp/514, udp/5140
# decode: udp.port==5140,syslog
# expect: 5 syslog

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/syslog.sh"
syslog_server
capture udp
for text in 'session opened for alice' 'session closed for alice' 'a third message'; do
    client logger -n server -P 514 -d --rfc3164 -t login -p authpriv.notice "$text"
done
client logger -n server -P 514 -d --rfc5424=notq -t app -p local4.err --msgid ID47 'something failed'
client logger -n server -P 5140 -d --rfc3164 -t cron -p cron.info 'an odd port'
