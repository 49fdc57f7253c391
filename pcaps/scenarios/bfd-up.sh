#!/bin/bash
# BIRD both sides, BFD: each finds the other, and one leaves.
# packages: bird2
# ports: udp/3784
# expect: bfd.sta==3

. "${0%/*}/../lib.sh"
bird_conf() { # ID PEER
    cat <<CONF
router id $1;
protocol device {}
protocol bfd { interface "eth0" { interval 300 ms; multiplier 3; }; neighbor $2 dev "eth0"; }
CONF
}
bird_conf "$S4" "$C4" | put /srv/bird.conf
bird_conf "$C4" "$S4" | put_client /srv/bird.conf
serve bird -f -c /srv/bird.conf -s /srv/bird.ctl
sleep 1
capture udp
client timeout 6 bird -f -c /srv/bird.conf -s /srv/bird.ctl || true
