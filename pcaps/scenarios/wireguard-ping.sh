#!/bin/bash
# wireguard-go both sides: three pings in the tunnel.
# packages: wireguard-go wireguard-tools iputils-ping
# ports: udp/51820
# expect: wg.type==1
# expect: wg.type==2
# expect: wg.type==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/wireguard.sh"
wireguard_tunnel 51820
capture udp
client ping -c 3 -i 0.3 10.9.0.2 >/dev/null
