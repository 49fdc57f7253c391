#!/bin/bash
# SIPp both sides on odd ports: alice registers with a digest over UDP, and three calls on one TCP connection.
# packages: sip-tester
# ports: udp/15062, tcp/15060
# decode: udp.port==15062,sip
# decode: tcp.port==15060,sip
# expect: 2 sip.Method==REGISTER
# expect: sip.Status-Code==401
# expect: 3 sip.Method==INVITE

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/sip.sh"
sip_registrar 15062
sip_answers 15060 t1
capture 'udp or tcp'
sip_registers 15062
client sipp -sn uac -t t1 -i $C4 -p 5080 -m 3 -r 2 -nostdin "$S4:15060" >>"$WORK/serve.log"
