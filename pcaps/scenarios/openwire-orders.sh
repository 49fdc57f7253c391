#!/bin/bash
# ActiveMQ and its client library: a wrong password, then the right one; an order sent and got, news told to nobody.
# packages: activemq openjdk-17-jdk-headless
# ports: tcp/61616
# expect: openwire.command==3
# expect: tcp.payload contains "two bolts"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/activemq.sh"
broker 61616 61613
capture tcp
shop 61616
