#!/bin/bash
# c-icap and its client: what the echo service can do, an answer and a request looked at, and a service that is not there.
# packages: c-icap
# ports: tcp/1344
# expect: icap.options
# expect: icap.respmod

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/icap.sh"
icap 1344
capture tcp
ask 1344
