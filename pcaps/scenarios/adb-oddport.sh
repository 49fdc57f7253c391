#!/bin/bash
# Android's debugger server and its client on an odd port: the same as adb-server.
# packages: adb
# ports: tcp/15037
# expect: tcp.payload contains "host:"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/adb.sh"
debugger 15037
capture tcp
ask 15037
