#!/bin/bash
# freeDiameter both sides, without TLS: they exchange their capabilities, show that they are alive, and part.
# packages: freediameter openssl
# ports: tcp/3868
# expect: diameter.cmd.code==257
# expect: diameter.cmd.code==282

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/diameter.sh"
peers 3868
capture tcp
meet
