#!/bin/bash
# BIRD both sides, on port 179: the networks 64500 and 64501 tell each other a route, and the session is closed.
# packages: bird2
# ports: tcp/179
# decode: tcp.port==179,bgp
# expect: bgp.type==2

. "${0%/*}/../lib.sh"
bird_conf() { # NUMBER ADDRESS NUMBER ADDRESS PREFIX passive?
    cat <<CONF
router id $2;
protocol device {}
protocol static { ipv4; route $5 blackhole; }
protocol bgp peer {
    local $2 port 179 as $1;
    neighbor $4 port 179 as $3;
    $6
    multihop 2;
    ipv4 { import all; export all; };
}
CONF
}
bird_conf 64501 10.20.0.2 64500 10.20.0.1 198.51.100.0/24 'passive on;' | put /srv/bird.conf
bird_conf 64500 10.20.0.1 64501 10.20.0.2 203.0.113.0/24 'connect delay time 1;' | put_client /srv/bird.conf
serve bird -f -c /srv/bird.conf -s /srv/bird.ctl
listening tcp 179
capture tcp port 179
client timeout 8 bird -f -c /srv/bird.conf -s /srv/bird.ctl || true
