#!/bin/bash
# freeDiameter both sides on an odd port: they exchange their capabilities, and part.
# packages: freediameter openssl
# ports: tcp/13868
# decode: tcp.port==13868,diameter
# expect: diameter.cmd.code==257

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/diameter.sh"
peers 13868
capture tcp
meet
