#!/bin/bash
# Avahi both sides: the server announces a printer and a web service, the client browses, resolves and asks for its name; dig asks from a port of its own and is answered there.
# packages: avahi-daemon avahi-utils bind9-dnsutils dbus
# ports: udp/5353
# expect: mdns && dns.flags.response==0 && dns.qry.name=="_ipp._tcp.local"
# expect: mdns && dns.flags.response==1 && dns.resp.name contains "_ipp._tcp.local"
# expect: mdns && ip.dst==224.0.0.251
# expect: 1 dns.flags.response==1 && udp.dstport!=5353
# never: !mdns

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/avahi.sh"
capture udp port 5353
avahi client
avahi server
serve avahi-publish-service 'Laser on second floor' _ipp._tcp 631 rp=printers/laser 'ty=Example Laser 12'
serve avahi-publish-service 'Home page' _http._tcp 80 path=/
sleep 3
client avahi-browse -r -t _ipp._tcp
client avahi-resolve-host-name -4 server.local
client dig @224.0.0.251 -p 5353 +tries=1 +timeout=1 server.local A || true
