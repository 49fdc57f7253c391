#!/bin/bash
# wireguard-go both sides: on the port of HTTPS, three pings in the tunnel.
# packages: wireguard-go wireguard-tools iputils-ping
# ports: udp/443
# decode: udp.port==443,wg
# expect: wg.type==1
# expect: wg.type==2
# expect: wg.type==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/wireguard.sh"
wireguard_tunnel 443
capture udp
client ping -c 3 -i 0.3 10.9.0.2 >/dev/null
