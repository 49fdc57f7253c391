#!/bin/bash
# ISC's DHCP server and client: an address is found and given, with names and servers, and given back.
# packages: isc-dhcp-server isc-dhcp-client
# ports: udp/67
# expect: dhcp.option.dhcp==1
# expect: dhcp.option.dhcp==2
# expect: dhcp.option.dhcp==3
# expect: dhcp.option.dhcp==5
# expect: dhcp.option.dhcp==7

. "${0%/*}/../lib.sh"
put /srv/dhcpd.conf <<CONF
default-lease-time 600;
authoritative;
subnet 10.20.0.0 netmask 255.255.255.0 {
    range 10.20.0.100 10.20.0.120;
    option routers $S4;
    option domain-name "example.com";
    option domain-name-servers $S4;
}
CONF
put /srv/leases </dev/null
put_client /srv/dhclient.conf <<CONF
send host-name "laptop";
send vendor-class-identifier "example-host";
CONF
put_client /srv/script <<'SCRIPT'
#!/bin/sh
exit 0
SCRIPT
chmod +x "$WORK/client/srv/script"
serve dhcpd -4 -f -cf /srv/dhcpd.conf -lf /srv/leases -pf /run/dhcpd.pid eth0
sleep 2
capture udp port 67
lease=(dhclient -4 -cf /srv/dhclient.conf -lf /srv/leases -pf /run/dhclient.pid -sf /srv/script)
client timeout 15 "${lease[@]}" -1 eth0 >/dev/null 2>&1 || true
client timeout 10 "${lease[@]}" -r eth0 >/dev/null 2>&1 || true
