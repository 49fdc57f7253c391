#!/bin/bash
# miniupnpd announces a gateway; gssdp-discover looks for everything and upnpc for the gateway, which it asks by HTTP for a port.
# packages: miniupnpd-nftables miniupnpc gssdp-tools nftables gcc libc6-dev
# ports: udp/1900, tcp/5000
# expect: ssdp
# expect: http.request.method=="POST"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/natpmp.sh"
for host in client server; do ip -n "$NET-$host" route add 224.0.0.0/4 dev eth0; done
capture udp port 1900 or tcp port 5000
gateway yes 5000
listening tcp 5000
sleep 1
client env LD_PRELOAD=/srv/kernel.so gssdp-discover -i eth0 -n 3 >/dev/null
client upnpc -m eth0 -e example -a 10.20.0.1 8080 18080 tcp 3600 >/dev/null || true
