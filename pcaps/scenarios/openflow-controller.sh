#!/bin/bash
# Open vSwitch and its test controller, OpenFlow 1.3: the switch tells what it is, the controller learns of pings and sets flows.
# packages: openvswitch-switch openvswitch-testcontroller iputils-ping
# ports: tcp/6653
# expect: openflow_v4.type==5
# expect: openflow_v4.type==10

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ovs.sh"
serve ovs-testcontroller ptcp:6653 --pidfile=/run/controller.pid --unixctl=/run/controller.ctl -O OpenFlow13
listening tcp 6653
capture tcp
switch 'ovs-vsctl set bridge br0 protocols=OpenFlow13 -- set-controller br0 tcp:10.20.0.2:6653 -- set controller br0 connection_mode=out-of-band inactivity_probe=5000
    sleep 2; pings 4; sleep 6'
