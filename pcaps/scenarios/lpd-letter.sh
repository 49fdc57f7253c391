#!/bin/bash
# CUPS' line printer daemon and its backend: a letter printed, a printer that is not there; then, by hand at netcat, both kinds of state, and a job taken back.
# packages: cups-daemon cups-bsd gcc libc6-dev socat netcat-openbsd
# ports: tcp/515
# expect: lpd.request

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/cups.sh"
. "$PCAPS/scenarios/lib/lpd.sh"
daemon 515
capture tcp port 515
print 515
