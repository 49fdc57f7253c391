#!/bin/bash
# Tarantool both sides on an odd port: the same as tarantool-letters.
# packages: tarantool
# ports: tcp/13301
# expect: tcp.payload contains "Tarantool"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tarantool.sh"
tarantool 13301
capture tcp
work 13301
