# shellcheck shell=bash
# Open vSwitch on the client, in user space: a bridge br0 whose own port sends pings to somebody who is not there.

# switch COMMAND...: starts it, does what ovs-vsctl is told, then COMMANDS of a shell.
switch() {
    client bash -c 'mkdir -p /run/openvswitch; cd /run/openvswitch
        export OVS_RUNDIR=/run/openvswitch OVS_DBDIR=/run/openvswitch OVS_LOGDIR=/run/openvswitch
        ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
        ovsdb-server conf.db --remote=punix:db.sock --pidfile --detach --log-file=/run/openvswitch/db.log
        ovs-vsctl --no-wait init
        ovs-vswitchd unix:db.sock --pidfile --detach --log-file=/run/openvswitch/switch.log
        ovs-vsctl add-br br0 -- set bridge br0 datapath_type=netdev other-config:datapath-id=00000000000000a1 other-config:hwaddr=02:00:00:00:99:01
        ip addr add 10.99.0.1/24 dev br0; ip link set br0 up
        ip neigh add 10.99.0.2 lladdr 02:00:00:00:99:02 dev br0
        pings() { ping -q -c "$1" -i 0.2 -W 1 10.99.0.2 || true; }
        '"$1" >"$WORK/switch.log" 2>&1 || { cat "$WORK/switch.log" >&2; return 1; }
}
