# shellcheck shell=bash
# What every scenario stands on: two hosts and the tap between them, each a network namespace of its own, and tcpdump on the tap.
#
#     client (10.20.0.1, 2001:db8:20::1) eth0 --- c0 [ tap ] s0 --- eth0 (10.20.0.2, 2001:db8:20::2) server
#
# The tap is a bridge, or wire.py where frames are to be tagged, tunnelled, lost or swapped. Neighbours are known beforehand and
# IPv6 stays off until asked for, so that nothing but the scenario's own traffic is on the wire. Both hosts see their own /home,
# /srv, /run and /tmp (under $WORK), and users, names and addresses that exist nowhere else; the machine's own are left alone.
# Helper programs of this folder are under /mnt there. Whatever happens, the namespaces, their processes and $WORK are gone at the end.

set -eu

PCAPS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NAME=$(basename "$0" .sh)
NET=tap$$
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tapline-pcaps.XXXXXX")
PASSWORD=correct-horse # alice's; invented, as everything here
CAPTURE=

C4=10.20.0.1 S4=10.20.0.2 C6=2001:db8:20::1 S6=2001:db8:20::2
C_MAC=02:00:00:00:20:01 S_MAC=02:00:00:00:20:02

# --- the two hosts ----------------------------------------------------------------------------------------------------------

# client COMMAND... runs it on the client; server COMMAND... on the server; in the foreground, at most 30 seconds.
client() { timeout 30 "$PCAPS/inside.sh" "$NET" "$WORK" client "$@"; }
server() { timeout 30 "$PCAPS/inside.sh" "$NET" "$WORK" server "$@"; }

# serve COMMAND... runs a program on the server until the scenario ends. What it says is shown if the scenario fails.
serve() {
    "$PCAPS/inside.sh" "$NET" "$WORK" server "$@" >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
}

# fails COMMAND... is for what must not succeed.
fails() {
    if "$@"; then
        echo "succeeded: $*" >&2
        return 1
    fi
}

# listening tcp|udp PORT waits until something on the server listens there.
listening() {
    local try flag=-ltn
    [ "$1" = udp ] && flag=-lun
    for try in $(seq 100); do
        if ip netns exec "$NET-server" ss -H "$flag" "sport = :$2" | grep -q .; then return 0; fi
        sleep 0.1
    done
    echo "nothing listens on $1 port $2 (tried $try times)" >&2
    return 1
}

# put FILE takes a text from standard input into a file of the server, put_client into one of the client (below /srv, /etc, /home).
put() { text "$WORK/server$1"; }
put_client() { text "$WORK/client$1"; }
text() { mkdir -p "$(dirname "$1")" && cat >"$1"; }

host() { # host NAME PEER IPV4 IPV6 MAC PEER_IPV4 PEER_IPV6 PEER_MAC
    local ns=$NET-$1 port=${1:0:1}0 dir
    ip netns add "$ns"
    ip link add eth0 netns "$ns" address "$5" type veth peer name "$port" netns "$NET-tap"
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.ping_group_range='0 2147483647'
    ip -n "$ns" link set lo up
    ip -n "$ns" addr add "$3/24" dev eth0
    plain "$ns" eth0
    ip -n "$ns" link set eth0 up
    ip -n "$ns" route add default dev eth0
    ip -n "$ns" neigh add "$6" lladdr "$8" dev eth0 nud permanent
    plain "$NET-tap" "$port"
    ip -n "$NET-tap" link set "$port" up promisc on
    for dir in etc home/alice srv run/sshd tmp; do mkdir -p "$WORK/$1/$dir"; done
    chmod 1777 "$WORK/$1/tmp"
    users "$WORK/$1/etc"
    cat >"$WORK/$1/etc/hosts" <<HOSTS
127.0.0.1 localhost
::1 localhost
$3 $1.example.com $1
$4 $1.example.com $1
$6 $2.example.com $2 www.example.com
$7 $2.example.com $2 www.example.com
HOSTS
    echo "$1" >"$WORK/$1/etc/hostname"
    echo "hosts: files dns" >"$WORK/$1/etc/nsswitch.conf"
    echo "nameserver $S4" >"$WORK/$1/etc/resolv.conf"
}

# Frames with whole checksums and of the size that a wire has, as a tap sees them.
plain() { ip netns exec "$1" ethtool -K "$2" tx off rx off tso off gso off gro off >/dev/null 2>&1; }

users() { # alice beside the machine's own users; her password is $PASSWORD, root has none
    local id=2001 file
    cp /etc/passwd /etc/group "$1/"
    printf 'passwd: files\ngroup: files\nshadow: files\n' >"$1/nsswitch.conf"
    echo "alice:x:$id:$id:Alice Example,,,:/home/alice:/bin/bash" >>"$1/passwd"
    echo "alice:x:$id:" >>"$1/group"
    sed 's/^\([^:]*\):.*/\1:*:19000:0:99999:7:::/' /etc/passwd >"$1/shadow"
    echo "alice:$(openssl passwd -6 -salt example "$PASSWORD"):19000:0:99999:7:::" >>"$1/shadow"
    chown -R $id:$id "$1/../home/alice"
    for file in passwd group hosts; do touch "$1/$file"; done
    chmod 640 "$1/shadow"
}

# ipv6 gives both hosts their IPv6 address too: no router, no duplicate address detection.
ipv6() {
    local ns address peer mac
    while read -r ns address peer mac; do
        ip netns exec "$NET-$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.eth0.accept_ra=0 \
            net.ipv6.conf.eth0.router_solicitations=0 net.ipv6.conf.eth0.dad_transmits=0 net.ipv6.conf.eth0.mldv2_unsolicited_report_interval=1
        ip -n "$NET-$ns" addr add "$address/64" dev eth0 nodad
        ip -n "$NET-$ns" neigh add "$peer" lladdr "$mac" dev eth0 nud permanent
    done <<HOSTS
client $C6 $S6 $S_MAC
server $S6 $C6 $C_MAC
HOSTS
    sleep 1 # the multicast memberships are announced before any capture begins
}

# router makes the server one, to 10.77.0.0/24 behind it, where 10.77.0.2 is; the link there takes 1000 bytes at most.
router() {
    local ns port address
    ip netns add "$NET-far"
    ip -n "$NET-server" link add eth1 mtu 1000 type veth peer name eth0 netns "$NET-far" mtu 1000
    for ns in "server eth1 10.77.0.1" "far eth0 10.77.0.2"; do
        read -r ns port address <<<"$ns"
        ip -n "$NET-$ns" addr add "$address/24" dev "$port"
        ip -n "$NET-$ns" link set "$port" up
    done
    ip -n "$NET-far" route add default via 10.77.0.1
    ip -n "$NET-client" route add 10.77.0.0/16 via $S4
    ip netns exec "$NET-server" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
    ip netns exec "$NET-far" sysctl -qw net.ipv4.icmp_ratelimit=0
}

# vxlan ID moves what follows into a VXLAN between the hosts: 10.42.0.1 and 10.42.0.2, and their names lead there.
vxlan() {
    local ns own peer mac peer_mac
    while read -r ns own peer mac peer_mac; do
        ip -n "$NET-$ns" link add vx0 address "$mac" mtu 1450 type vxlan id "$1" local "10.20.0.$own" remote "10.20.0.$peer" dstport 4789
        plain "$NET-$ns" vx0
        ip -n "$NET-$ns" addr add "10.42.0.$own/24" dev vx0
        ip -n "$NET-$ns" link set vx0 up
        ip -n "$NET-$ns" neigh add "10.42.0.$peer" lladdr "$peer_mac" dev vx0 nud permanent
        sed -i "s/^10.20.0/10.42.0/; /^2001/d" "$WORK/$ns/etc/hosts"
    done <<HOSTS
client 1 2 02:00:00:00:42:01 02:00:00:00:42:02
server 2 1 02:00:00:00:42:02 02:00:00:00:42:01
HOSTS
}

# --- the tap ----------------------------------------------------------------------------------------------------------------

TAP=s0 # the interface that is captured

# wire OPTIONS... puts wire.py in the place of the bridge: client --c0-- wire --m0==m1-- wire --s0-- server, captured at m0.
wire() {
    local t=$NET-tap link
    ip -n "$t" link del br0
    ip -n "$t" link add m0 mtu 2000 type veth peer name m1 mtu 2000 # room for tags and tunnels
    for link in m0 m1; do
        plain "$t" $link
        ip -n "$t" link set $link up promisc on
    done
    ip netns exec "$t" /usr/bin/python3 "$PCAPS/wire.py" "$@" &
    disown
    TAP=m0
    sleep 0.5
}

# capture [--nano|--pcapng|--gzip|--every SECONDS|--snap BYTES] [FILTER...] starts to record what passes the tap.
capture() {
    local out=$PCAPS/$NAME.pcap log=$WORK/capture.log program=tcpdump options=() try
    PACK=
    : >"$log"
    rm -f "$out"
    while [ $# -gt 0 ]; do
        case $1 in
        --snap) options+=(-s "$2") && shift ;;
        --nano) options+=(--time-stamp-precision=nano) ;;
        --gzip) PACK=$out ;;
        --pcapng) program=dumpcap out=${out}ng ;;
        --every) options+=(-G "$2") out=$PCAPS/$NAME-%s.pcap && shift ;;
        *) break ;;
        esac
        shift
    done
    if [ $program = tcpdump ]; then
        ip netns exec "$NET-tap" tcpdump -i "$TAP" -U -Z root --immediate-mode "${options[@]}" -w "$out" "$@" 2>"$log" &
    else
        ip netns exec "$NET-tap" dumpcap -q -i "$TAP" -s 0 -f "$*" -w "$out" 2>"$log" &
    fi
    CAPTURE=$!
    for try in $(seq 50); do
        if grep -qE '^(tcpdump: )?listening on|^File:' "$log"; then return 0; fi
        sleep 0.1
    done
    echo "the capture did not start (tried $try times): $(cat "$log")" >&2
    return 1
}

# captured stops the capture. A scenario that ends without it is stopped the same way.
captured() {
    sleep 0.5
    kill -TERM "$CAPTURE"
    wait "$CAPTURE" || true
    CAPTURE=
    if [ -n "$PACK" ]; then gzip -n -9 -f "$PACK"; fi
    if [ -f "$PCAPS/$NAME.pcapng" ]; then nameless "$PCAPS/$NAME.pcapng"; fi
}

# nameless FILE crosses out what dumpcap tells of the machine: its processor and its kernel.
nameless() {
    local text
    capinfos "$1" | sed -n 's/^Capture \(hardware\|oper-sys\): *//p' | while read -r text; do
        LC_ALL=C sed -i "s/$text/${text//?/x}/g" "$1"
    done
}

# --- beginning and end ------------------------------------------------------------------------------------------------------

leave() {
    local status=$? ns pids try
    trap - EXIT
    set +e
    if [ $status = 0 ] && [ -n "$CAPTURE" ]; then captured; fi
    if [ $status != 0 ]; then
        echo "--- $NAME failed ($status); the servers said:" >&2
        tail -n 40 "$WORK/serve.log" >&2
    fi
    for ns in tap client server far; do
        for try in 1 2 3 4 5; do
            pids=$(ip netns pids "$NET-$ns" 2>/dev/null)
            [ -n "$pids" ] || break
            [ "$try" = 1 ] || sleep 0.2
            # shellcheck disable=SC2086 # process ids, to be split
            kill -KILL $pids 2>/dev/null
        done
        ip netns del "$NET-$ns" 2>/dev/null
    done
    [ -n "${KEEP:-}" ] || rm -rf "$WORK"
    exit $status
}
trap leave EXIT
trap 'exit 143' TERM INT HUP

chmod 755 "$WORK"
touch "$WORK/serve.log"
ip netns add "$NET-tap"
ip netns exec "$NET-tap" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
host client server $C4 $C6 $C_MAC $S4 $S6 $S_MAC
host server client $S4 $S6 $S_MAC $C4 $C6 $C_MAC
ip -n "$NET-tap" link add br0 type bridge mcast_snooping 0
ip -n "$NET-tap" link set br0 up
ip -n "$NET-tap" link set c0 master br0
ip -n "$NET-tap" link set s0 master br0
