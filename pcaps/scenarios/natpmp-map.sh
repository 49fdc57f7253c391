#!/bin/bash
# miniupnpd and natpmpc: the outside address, a port of TCP and one of UDP opened, one closed again.
# packages: miniupnpd-nftables natpmpc nftables gcc libc6-dev
# ports: udp/5351
# expect: nat-pmp.opcode==0
# expect: nat-pmp.opcode==129
# expect: nat-pmp.opcode==130

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/natpmp.sh"
gateway
listening udp 5351
capture udp port 5351
client natpmpc -g "$S4" >/dev/null
client natpmpc -g "$S4" -a 18080 8080 tcp 3600 >/dev/null
client natpmpc -g "$S4" -a 15060 5060 udp 600 >/dev/null
client natpmpc -g "$S4" -a 0 8080 tcp 0 >/dev/null || true
