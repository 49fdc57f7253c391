#!/bin/bash
# ActiveMQ and its client library on an odd port: the same as openwire-orders.
# packages: activemq openjdk-17-jdk-headless
# ports: tcp/16161
# decode: tcp.port==16161,openwire
# expect: openwire.command==3
# expect: tcp.payload contains "two bolts"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/activemq.sh"
broker 16161 61613
capture tcp
shop 16161
