#!/bin/bash
# c-icap and its client on an odd port: the same as icap-echo.
# packages: c-icap
# ports: tcp/21344
# decode: tcp.port==21344,icap
# expect: icap.options
# expect: icap.respmod

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/icap.sh"
icap 21344
capture tcp
ask 21344
