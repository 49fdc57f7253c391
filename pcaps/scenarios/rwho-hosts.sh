#!/bin/bash
# rwhod both sides: each tells how long it has been up and how busy it is.
# packages: rwhod
# ports: udp/513
# expect: udp.port==513

. "${0%/*}/../lib.sh"
for host in client server; do
    mkdir -p "$WORK/$host/srv/rwho"
    chmod 777 "$WORK/$host/srv/rwho"
    : >"$WORK/$host/run/utmp"
done
capture udp port 513
run='mount --bind /srv/rwho /var/spool/rwho; ip addr del "$0/24" dev eth0; ip addr add "$0/24" brd + dev eth0; rwhod -i eth0 -u root; sleep 5'
serve bash -c "$run" "$S4"
client bash -c "$run" "$C4"
