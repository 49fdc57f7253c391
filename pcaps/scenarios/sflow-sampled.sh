#!/bin/bash
# Open vSwitch tells a collector (nfdump's sfcapd) by sFlow of every second packet that it forwards, and counters, on its own port and on an odd one.
# packages: openvswitch-switch nfdump-sflow iputils-ping
# ports: udp/6343, udp/16343
# accept: _ws.malformed
# decode: udp.port==16343,sflow
# expect: sflow.flow_sample.sampling_rate==2 || sflow_245.sampletype==1
# expect: sflow_245.sampletype==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ovs.sh"
mkdir -p "$WORK/server/srv/flows".{6343,16343}
for port in 6343 16343; do
    serve sfcapd -p $port -w /srv/flows.$port
    listening udp $port
done
capture udp
switch 'ovs-vsctl -- --id=@s create sflow agent=eth0 target="\"10.20.0.2:6343\"" header=128 sampling=2 polling=2 -- set bridge br0 sflow=@s
    pings 12; sleep 2
    ovs-vsctl -- --id=@s create sflow agent=eth0 target="\"10.20.0.2:16343\"" header=64 sampling=4 polling=1 -- set bridge br0 sflow=@s
    pings 12'
