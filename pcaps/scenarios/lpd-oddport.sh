#!/bin/bash
# CUPS' line printer daemon and its backend on an odd port: the same as lpd-letter.
# packages: cups-daemon cups-bsd gcc libc6-dev socat netcat-openbsd
# ports: tcp/15150
# decode: tcp.port==15150,lpd
# expect: lpd.request

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/cups.sh"
. "$PCAPS/scenarios/lib/lpd.sh"
daemon 15150
capture tcp port 15150
print 15150
