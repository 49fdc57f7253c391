#!/usr/bin/env bash
# Finds the rate up to which nothing is lost on a wire, by bisection: tapline's, and that of `tcpdump -w /dev/null` on the same link.
#
#   benches/wire.sh [PROGRAM]      as root; with tcpreplay and tcpdump. Minutes; the machine should have nothing else to do.
#
# Two namespaces are joined by a veth pair. At one end tcpreplay sends conversations of pcaps/ again and again, with other addresses each
# time (--unique-ip), for SECONDS at a steady rate; at the other something listens with a ring of BUFFER MiB. A rate is good when every
# packet that tcpreplay sent was received; what the pair itself had no room for is told, and is nobody's loss. What neither was received nor
# is counted as dropped is told too: it should be 0.
set -euo pipefail

program=${1:-target/release/tapline}
duration=${SECONDS_EACH:-10}
buffer=${BUFFER:-64}
most=${MOST:-600000}
steps=${STEPS:-8}
here=$(realpath "$(dirname "$0")/..")
files=()
for name in dns-records http-visits http-download ssh-password tls-13 icmp-ping smb-oddport; do files+=("$here/pcaps/$name.pcap"); done

a=wire$$a b=wire$$b
work=$(mktemp -d)
trap 'ip netns del "$a" 2>/dev/null || true; ip netns del "$b" 2>/dev/null || true; rm -rf "$work"' EXIT
for host in "$a" "$b"; do
    ip netns add "$host"
    ip netns exec "$host" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
done
ip link add eth0 netns "$a" mtu 9000 type veth peer name eth0 netns "$b" mtu 9000
for host in "$a" "$b"; do ip -n "$host" link set eth0 up; done
sleep 1

link_drops() { ip netns exec "$a" cat /sys/class/net/eth0/statistics/tx_dropped; }

# send RATE: sends, and tells how many packets and at what rate.
send() {
    local pace=(--pps="$1")
    [ "$1" != top ] || pace=(--topspeed)
    ip netns exec "$a" tcpreplay -q -K -i eth0 "${pace[@]}" --unique-ip --loop=0 --duration="$duration" "${files[@]}" 2>&1 |
        awk '/Rated:/ {rate=$(NF-1)} /Successful packets:/ {sent=$NF} END {print sent, rate}'
}

# Each listens, has RATE sent, and writes: sent, lost by it, lost by the link, packets a second, lost and not counted.
number() { grep 'event="stop"' "$work/lines" | grep -o " $1=\"[0-9]*\"" | head -1 | tr -dc 0-9; }
with_tapline() {
    local before sent rate counted drops
    before=$(link_drops)
    ip netns exec "$b" "$program" -i eth0 --buffer "${buffer}MiB" ${WORKERS:+--workers "$WORKERS"} -o "file:$work/lines" \
        --status-interval 1h 2>"$work/said" &
    local listening=$!
    until grep -qs "listening to" "$work/said"; do sleep 0.1; done
    read -r sent rate <<<"$(send "$1")"
    sleep 1
    kill "$listening"
    wait "$listening" || true
    counted=$(number frames) drops=$(number kernel_drops)
    rm -f "$work/lines"
    local link=$(($(link_drops) - before))
    echo "$sent $((sent - link - counted)) $link $rate $((sent - link - counted - drops))"
}
with_tcpdump() {
    local before sent rate counted drops
    before=$(link_drops)
    ip netns exec "$b" tcpdump -n -i eth0 -B $((buffer * 1024)) -w /dev/null 2>"$work/said" &
    local listening=$!
    until grep -qs "listening on" "$work/said"; do sleep 0.1; done
    read -r sent rate <<<"$(send "$1")"
    sleep 1
    kill -INT "$listening"
    wait "$listening" || true
    counted=$(awk '/packets captured/ {print $1}' "$work/said")
    drops=$(awk '/packets dropped by kernel/ {print $1}' "$work/said")
    local link=$(($(link_drops) - before))
    echo "$sent $((sent - link - counted)) $link $rate $((sent - link - counted - drops))"
}

for what in ${WHAT:-tcpdump tapline}; do
    read -r sent lost link rate uncounted <<<"$("with_$what" top)"
    echo "$what at top speed: $sent sent at $rate a second, $lost lost by it, $uncounted of them not counted, $link lost by the link"
    [ "$steps" -gt 0 ] || continue
    low=0 high=$most best=0
    for _ in $(seq "$steps"); do
        try=$(((low + high) / 2))
        read -r sent lost link rate uncounted <<<"$("with_$what" "$try")"
        echo "  $try asked for, $rate reached: $lost of $sent lost, $link by the link"
        rate=${rate%.*}
        # A rate that the sender does not reach tells nothing of who listens.
        if [ "$lost" -eq 0 ] && [ "$rate" -ge $((try * 95 / 100)) ]; then low=$try best=$rate; else high=$try; fi
    done
    echo "$what loses nothing up to $best packets a second"
done
