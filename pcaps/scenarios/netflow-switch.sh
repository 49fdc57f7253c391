#!/bin/bash
# Open vSwitch tells a collector of its flows by NetFlow 5, and by IPFIX of every second packet.
# packages: openvswitch-switch nfdump iputils-ping
# ports: udp/2055, udp/4739
# expect: cflow.version==5
# expect: cflow.version==10

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ovs.sh"
mkdir -p "$WORK/server/srv/flows".{2055,4739}
for port in 2055 4739; do
    serve nfcapd -p $port -w /srv/flows.$port
    listening udp $port
done
capture udp
switch 'ovs-vsctl -- --id=@n create netflow targets="\"10.20.0.2:2055\"" active-timeout=1 engine_type=3 engine_id=7 -- set bridge br0 netflow=@n
    ovs-vsctl -- --id=@i create ipfix targets="\"10.20.0.2:4739\"" obs_domain_id=123 obs_point_id=456 sampling=2 cache_active_timeout=1 -- set bridge br0 ipfix=@i
    pings 15; sleep 2'
