#!/bin/bash
# A Java program and jdb on an odd port: the same as jdwp-debugger.
# packages: openjdk-17-jdk-headless
# ports: tcp/18000
# expect: 2 tcp.payload contains "JDWP-Handshake"
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/jdwp.sh"
debugged 18000
capture tcp
debug 18000
