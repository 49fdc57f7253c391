# shellcheck shell=bash
# FRR's bgpd on the client tells pmacct's collector what its neighbour, a BIRD on the collector's host, tells it.

# monitored PORT
monitored() {
    put /srv/bmp.conf <<CONF
bmp_daemon_ip: 10.20.0.2
bmp_daemon_port: $1
bmp_daemon_msglog_file: /srv/bmp.log
CONF
    serve pmbmpd -f /srv/bmp.conf
    listening tcp "$1"
    put /srv/bird.conf <<'CONF'
router id 10.20.0.2;
protocol device {}
protocol static { ipv4; route 198.51.100.0/24 blackhole; route 203.0.113.0/24 blackhole; }
protocol bgp { local 10.20.0.2 as 64501; neighbor 10.20.0.1 as 64500; connect delay time 1; ipv4 { import all; export all; }; }
CONF
    put_client /srv/bgpd.conf <<CONF
hostname edge.example.com
router bgp 64500
 bgp router-id 192.0.2.1
 no bgp ebgp-requires-policy
 neighbor 10.20.0.2 remote-as 64501
 neighbor 10.20.0.2 timers connect 1
 bmp targets collector
  bmp stats interval 2000
  bmp monitor ipv4 unicast pre-policy
  bmp monitor ipv4 unicast post-policy
  bmp connect 10.20.0.2 port $1 min-retry 500 max-retry 1000
 exit
exit
CONF
    client bash -c 'mkdir -p /run/frr; chown frr:frr /run/frr; echo >/srv/zebra.conf; PATH=$PATH:/usr/lib/frr
        zebra -d -u frr -g frr -i /run/frr/zebra.pid -z /run/frr/zserv.api -f /srv/zebra.conf
        exec timeout 12 bgpd -M bmp -u frr -g frr -i /run/frr/bgpd.pid -z /run/frr/zserv.api -f /srv/bgpd.conf' >"$WORK/router.log" 2>&1 &
    sleep 3
    server timeout -s TERM 6 bird -f -c /srv/bird.conf -s /run/bird.ctl >>"$WORK/serve.log" 2>&1 || true
    wait $! || true
}
