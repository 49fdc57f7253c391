#!/bin/bash
# Java's RMI: the registry asked for its names, a letter box found and used, one that is not there, and another that may not be put in its place.
# packages: openjdk-17-jdk-headless
# ports: tcp/1099, tcp/1100
# expect: tcp.payload contains "JRMI"
# expect: tcp.payload contains "letters"
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/jrmi.sh"
letterbox 1099
capture tcp
send 1099
