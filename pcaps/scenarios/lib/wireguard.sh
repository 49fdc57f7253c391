# shellcheck shell=bash
# WireGuard both sides, as a program (wireguard-go): 10.9.0.1 and 10.9.0.2.

# wireguard_tunnel PORT
wireguard_tunnel() {
    local host number peer
    for host in client server; do
        wg genkey >"$WORK/$host/srv/key"
        chmod 600 "$WORK/$host/srv/key"
    done
    for host in client:1:server server:2:client; do
        IFS=: read -r host number peer <<<"$host"
        "$PCAPS/inside.sh" "$NET" "$WORK" "$host" env WG_PROCESS_FOREGROUND=1 wireguard-go --foreground wg0 >>"$WORK/serve.log" 2>&1 </dev/null &
        disown
        sleep 1
        "$host" wg set wg0 private-key /srv/key listen-port "$1" peer "$(wg pubkey <"$WORK/$peer/srv/key")" \
            allowed-ips 10.9.0.0/24 endpoint "10.20.0.$((3 - number)):$1"
        ip -n "$NET-$host" addr add "10.9.0.$number/24" dev wg0
        ip -n "$NET-$host" link set wg0 up mtu 1400
    done
}
