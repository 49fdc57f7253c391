#!/bin/bash
# A Java program and jdb: attached, stopped where a letter is sent, its variables looked at, and on.
# packages: openjdk-17-jdk-headless
# ports: tcp/8000
# expect: 2 tcp.payload contains "JDWP-Handshake"
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/jdwp.sh"
debugged 8000
capture tcp
debug 8000
