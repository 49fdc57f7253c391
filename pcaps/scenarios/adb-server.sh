#!/bin/bash
# Android's debugger server and its client: the devices, of which there are none, a shell that fails, a device that can't be reached.
# packages: adb
# ports: tcp/5037
# expect: tcp.payload contains "host:"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/adb.sh"
debugger 5037
capture tcp
ask 5037
