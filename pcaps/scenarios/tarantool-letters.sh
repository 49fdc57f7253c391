#!/bin/bash
# Tarantool both sides: a wrong password, then the right one; a row written, read, changed and deleted, one that does not fit, functions called.
# packages: tarantool
# ports: tcp/3301
# expect: tcp.payload contains "Tarantool"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tarantool.sh"
tarantool 3301
capture tcp
work 3301
