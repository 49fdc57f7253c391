#!/bin/bash
# Java's RMI on odd ports: the same as jrmi-letterbox.
# packages: openjdk-17-jdk-headless
# ports: tcp/17099, tcp/17100
# expect: tcp.payload contains "JRMI"
# expect: tcp.payload contains "letters"
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/jrmi.sh"
letterbox 17099
capture tcp
send 17099
