#!/bin/bash
# Net-SNMP both sides on an odd port: the system's name by datagrams, and once more over TCP.
# packages: snmpd snmp
# ports: udp/16100 tcp/16100
# decode: udp.port==16100,snmp tcp.port==16100,snmp
# expect: snmp && udp
# expect: snmp && tcp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/snmp.sh"
agent 16100
capture udp or tcp
client snmpget -v2c -c garden server:16100 1.3.6.1.2.1.1.5.0
client snmpget -v2c -c garden tcp:server:16100 1.3.6.1.2.1.1.5.0 1.3.6.1.2.1.1.1.0
