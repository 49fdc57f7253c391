#!/bin/bash
# Firebird and isql on an odd port: the same as firebird-work.
# packages: firebird3.0-server firebird3.0-utils
# ports: tcp/13050
# accept: _ws.malformed
# expect: tcp.payload contains "letters"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/firebird.sh"
firebird 13050
capture tcp
work 13050
