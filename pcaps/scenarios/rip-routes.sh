#!/bin/bash
# BIRD both sides, RIP version 2 and RIPng: each tells the other a route.
# packages: bird2
# ports: udp/520, udp/521
# expect: rip.command==2
# expect: ripng.cmd==2

. "${0%/*}/../lib.sh"
ipv6
bird_conf() { # ID PREFIX PREFIX6
    cat <<CONF
router id $1;
protocol device {}
protocol static { ipv4; route $2 blackhole; }
protocol static { ipv6; route $3 blackhole; }
protocol rip { ipv4 { import all; export all; }; interface "eth0" { update time 2; authentication plaintext; password "$PASSWORD"; }; }
protocol rip ng { ipv6 { import all; export all; }; interface "eth0" { update time 2; }; }
CONF
}
bird_conf "$S4" 198.51.100.0/24 2001:db8:aa::/48 | put /srv/bird.conf
bird_conf "$C4" 203.0.113.0/24 2001:db8:bb::/48 | put_client /srv/bird.conf
capture udp port 520 or udp port 521
serve bird -f -c /srv/bird.conf -s /srv/bird.ctl
client timeout 8 bird -f -c /srv/bird.conf -s /srv/bird.ctl || true
