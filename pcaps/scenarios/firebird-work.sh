#!/bin/bash
# Firebird and isql: alice's rows written and read, a table that is not there; a wrong password; a database that is not there.
# packages: firebird3.0-server firebird3.0-utils
# ports: tcp/3050
# accept: _ws.malformed
# expect: tcp.payload contains "letters"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/firebird.sh"
firebird 3050
capture tcp
work 3050
