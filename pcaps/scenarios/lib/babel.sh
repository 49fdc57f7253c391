# shellcheck shell=bash
# Two babeld, each with a network of its own that it tells the other.

# routers PORT [OPTIONS...]: for some seconds; then the client's goes.
routers() {
    local port=$1
    shift
    ipv6
    sleep 1 # until their own addresses of the link are there
    ip -n "$NET-client" addr add 10.64.1.1/24 dev lo
    ip -n "$NET-client" addr add 2001:db8:64::1/64 dev lo
    ip -n "$NET-server" addr add 10.65.1.1/24 dev lo
    capture udp
    serve babeld -p "$port" -h 2 -I /run/babeld.pid -S /run/babeld.state -C 'redistribute local ip 10.65.0.0/16' -C 'redistribute local deny' -C 'install deny' "$@" eth0
    client timeout -s INT 8 babeld -p "$port" -h 2 -I /run/babeld.pid -S /run/babeld.state -C 'redistribute local ip 10.64.0.0/16' \
        -C 'redistribute local ip 2001:db8:64::/48' -C 'redistribute local deny' -C 'install deny' "$@" eth0 >/dev/null 2>&1 || true
}
