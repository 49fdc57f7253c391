#!/bin/bash
# FRR both sides: LDP finds its neighbour, opens a session, and each maps labels to its addresses.
# packages: frr
# ports: udp/646, tcp/646
# expect: ldp.msg.type==0x100
# expect: ldp.msg.type==0x200
# expect: ldp.msg.type==0x400

. "${0%/*}/../lib.sh"
router_of() { # router_of ADDRESS
    cat <<CONF
mpls ldp
 router-id $1
 discovery hello interval 1
 address-family ipv4
  discovery transport-address $1
  interface eth0
  exit
 exit-address-family
CONF
}
router_of "$S4" | put /srv/ldpd.conf
router_of "$C4" | put_client /srv/ldpd.conf
ip -n "$NET-client" addr add 10.64.1.1/32 dev lo
ip -n "$NET-server" addr add 10.65.1.1/32 dev lo
echo >"$WORK/server/srv/zebra.conf"
echo >"$WORK/client/srv/zebra.conf"
run='mkdir -p /run/frr; chown frr:frr /run/frr
    zebra -d -u frr -g frr -i /run/frr/zebra.pid -z /run/frr/zserv.api -f /srv/zebra.conf
    exec timeout -s TERM 12 /usr/lib/frr/ldpd -u frr -g frr -i /run/frr/ldpd.pid -z /run/frr/zserv.api --ctl_socket /run/frr -f /srv/ldpd.conf'
capture port 646
serve bash -c "PATH=\$PATH:/usr/lib/frr; ${run/12/14}"
client bash -c "PATH=\$PATH:/usr/lib/frr; $run" || true
