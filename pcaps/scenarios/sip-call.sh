#!/bin/bash
# SIPp both sides: a call over UDP with a keypad's tone as RTP, which the called side sends back.
# packages: sip-tester
# ports: udp/5060, media udp/7000 to udp/6000
# decode: udp.port==6000,rtp
# expect: sip.Method==INVITE && sdp
# expect: sip.Method==BYE
# expect: rtp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/sip.sh"
sip_answers 5060 u1
capture udp
sip_call 5060
