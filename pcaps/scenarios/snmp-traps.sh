#!/bin/bash
# Net-SNMP sends notifications of versions 1 and 2c, and one of 3; nobody answers.
# packages: snmp socat
# ports: udp/162
# expect: snmp.data==4
# expect: snmp.data==7

. "${0%/*}/../lib.sh"
serve socat -u UDP-RECV:162 /dev/null
listening udp 162
capture udp
client snmptrap -v1 -c garden server 1.3.6.1.4.1.32473.1 10.20.0.1 2 0 '' 1.3.6.1.2.1.2.2.1.1.3 i 3
client snmptrap -v1 -c garden server 1.3.6.1.4.1.32473.1 10.20.0.1 6 17 ''
client snmptrap -v2c -c garden server '' 1.3.6.1.6.3.1.1.5.3 1.3.6.1.2.1.2.2.1.1.3 i 3
client snmptrap -v3 -e 0x8000000001020304 -l noAuthNoPriv -u nobody server '' 1.3.6.1.6.3.1.1.5.4
