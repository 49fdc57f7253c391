#!/bin/bash
# ActiveMQ and Perl's Net::Stomp: a wrong password, then the right one; an order sent in a transaction, got and acknowledged.
# packages: activemq openjdk-17-jdk-headless libnet-stomp-perl
# ports: tcp/61613
# expect: tcp.payload contains "CONNECTED"
# expect: tcp.payload contains "ERROR"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/activemq.sh"
. "$PCAPS/scenarios/lib/stomp.sh"
broker 61616 61613
capture tcp
order 61613
