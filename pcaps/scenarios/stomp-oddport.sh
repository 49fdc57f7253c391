#!/bin/bash
# ActiveMQ and Perl's Net::Stomp on an odd port: the same as stomp-orders.
# packages: activemq openjdk-17-jdk-headless libnet-stomp-perl
# ports: tcp/16163
# expect: tcp.payload contains "CONNECTED"
# expect: tcp.payload contains "ERROR"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/activemq.sh"
. "$PCAPS/scenarios/lib/stomp.sh"
broker 61616 16163
capture tcp
order 16163
