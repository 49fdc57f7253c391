#!/bin/bash
# ISC's DHCPv6 server and client: an address is found and given, and given back.
# packages: isc-dhcp-server isc-dhcp-client
# ports: udp/547
# expect: dhcpv6.msgtype==1
# expect: dhcpv6.msgtype==2
# expect: dhcpv6.msgtype==7
# expect: dhcpv6.msgtype==8

. "${0%/*}/../lib.sh"
ipv6
put /srv/dhcpd.conf <<CONF
default-lease-time 600;
subnet6 2001:db8:20::/64 {
    range6 2001:db8:20::100 2001:db8:20::120;
    option dhcp6.name-servers $S6;
    option dhcp6.domain-search "example.com";
}
CONF
put /srv/leases </dev/null
put_client /srv/dhclient.conf <<CONF
send fqdn.fqdn "laptop.example.com";
CONF
put_client /srv/script <<'SCRIPT'
#!/bin/sh
exit 0
SCRIPT
chmod +x "$WORK/client/srv/script"
serve dhcpd -6 -f -cf /srv/dhcpd.conf -lf /srv/leases -pf /run/dhcpd.pid eth0
sleep 3
capture udp port 547
lease=(dhclient -6 -cf /srv/dhclient.conf -lf /srv/leases -pf /run/dhclient.pid -sf /srv/script)
client timeout 15 "${lease[@]}" -1 eth0 >/dev/null 2>&1 || true
client timeout 10 "${lease[@]}" -r eth0 >/dev/null 2>&1 || true
