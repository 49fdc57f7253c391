#!/bin/bash
# Net-SNMP both sides: version 1 gets, 2c walks the system's group and sets its location, a wrong community goes unanswered, 3 without and with encryption.
# packages: snmpd snmp
# ports: udp/161
# expect: snmp.version==0
# expect: snmp.version==1
# expect: snmp.msgVersion==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/snmp.sh"
agent 161
capture udp
client snmpget -v1 -c garden server 1.3.6.1.2.1.1.5.0 1.3.6.1.2.1.1.1.0
client snmpget -v1 -c garden server 1.3.6.1.2.1.1.99.0 || true
client snmpwalk -v2c -c garden server 1.3.6.1.2.1.1.9.1.2
client snmpbulkget -v2c -c garden -Cr4 server 1.3.6.1.2.1.2.2.1.2
client snmpset -v2c -c shed server 1.3.6.1.2.1.1.4.0 s "desk 4" || true
fails client snmpget -v2c -c wrong -r 0 -t 1 server 1.3.6.1.2.1.1.5.0
client snmpget -v3 -l noAuthNoPriv -u nobody server 1.3.6.1.2.1.1.5.0
client snmpget -v3 -l authPriv -u monitor -a SHA -A long-and-secret -x AES -X longer-and-secret server 1.3.6.1.2.1.1.5.0
