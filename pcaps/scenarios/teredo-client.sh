#!/bin/bash
# Miredo both sides: the client asks the server for an address, gets one, and whether a host of IPv6 is there (which nobody answers).
# packages: miredo miredo-server iputils-ping
# ports: udp/3544
# accept: _ws.malformed
# expect: teredo

. "${0%/*}/../lib.sh"
ip -n "$NET-server" addr add 192.0.2.1/24 dev eth0
ip -n "$NET-server" addr add 192.0.2.2/24 dev eth0
ip -n "$NET-client" addr add 192.0.2.9/24 dev eth0
for ns in server client; do ip netns exec "$NET-$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=1; done
ip -n "$NET-client" neigh add 192.0.2.1 lladdr $S_MAC dev eth0 nud permanent
ip -n "$NET-client" neigh add 192.0.2.2 lladdr $S_MAC dev eth0 nud permanent
ip -n "$NET-server" neigh add 192.0.2.9 lladdr $C_MAC dev eth0 nud permanent
put /srv/server.conf <<'CONF'
ServerBindAddress 192.0.2.1
ServerBindAddress2 192.0.2.2
Prefix 2001:0::
CONF
put_client /srv/client.conf <<'CONF'
InterfaceName teredo
ServerAddress 192.0.2.1
ServerAddress2 192.0.2.2
BindAddress 192.0.2.9
CONF
serve miredo-server -f -c /srv/server.conf -p /run/miredo-server.pid -u nobody
listening udp 3544
capture udp
client bash -c "ip route replace default via 192.0.2.1 dev eth0 src 192.0.2.9; timeout 12 miredo -f -c /srv/client.conf -p /run/miredo.pid -u nobody & sleep 9; ip -6 addr show dev teredo; ping -6 -c 2 -W 2 2001:db8::1" >"$WORK/client.log" 2>&1 || true
cat "$WORK/client.log" >>"$WORK/serve.log"
