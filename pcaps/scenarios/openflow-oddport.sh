#!/bin/bash
# ovs-ofctl asks a switch on an odd port: by OpenFlow 1.0 for its ports and flows, by 1.4 sets a flow, one that cannot be, counts, and agrees on nothing.
# packages: openvswitch-switch iputils-ping
# ports: tcp/16633
# accept: _ws.malformed
# decode: tcp.port==16633,openflow
# expect: openflow_1_0.type==5
# expect: openflow_v5.type==14

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ovs.sh"
ask() { server ovs-ofctl --no-names --timeout=5 -O "$@" >/dev/null; }
questions() {
    ask OpenFlow10 show tcp:10.20.0.1:16633
    ask OpenFlow10 dump-flows tcp:10.20.0.1:16633
    ask OpenFlow14 add-flow tcp:10.20.0.1:16633 'priority=7,ip,nw_dst=10.99.0.2,actions=output:1'
    ask OpenFlow14 add-flow tcp:10.20.0.1:16633 'priority=7,actions=output:65530' || true
    ask OpenFlow14 dump-ports tcp:10.20.0.1:16633
    ask OpenFlow15 show tcp:10.20.0.1:16633 || true
}
capture tcp
switch 'ovs-vsctl set bridge br0 protocols=OpenFlow10,OpenFlow14 -- set-controller br0 ptcp:16633; sleep 9' &
sleep 4
questions 2>/dev/null
wait $!
