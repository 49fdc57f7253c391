# shellcheck shell=bash
# OpenVPN both sides without a device: what goes through the tunnel is nothing but its own keepalives.

openvpn_files() {
    local dir=$WORK/server/srv name
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=Example VPN CA" -keyout "$dir/ca.key" -out "$dir/ca.crt" 2>/dev/null
    for name in server alice; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$dir/$name.key" -out "$dir/$name.csr" 2>/dev/null
        openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 3650 -out "$dir/$name.crt" 2>/dev/null
    done
    openvpn --genkey secret "$dir/shared.key"
    cp "$dir"/{ca.crt,alice.crt,alice.key,shared.key} "$WORK/client/srv/"
}

# tunnel PROTOCOL PORT OPTION... starts the server, records, and lets the client connect for some seconds.
tunnel() {
    local proto=$1 port=$2
    shift 2
    local common=(openvpn --dev null --ca /srv/ca.crt --keepalive 1 10 --verb 1 "$@")
    local as_server=(--tls-server --dh none --cert /srv/server.crt --key /srv/server.key --lport "$port")
    local as_client=(--tls-client --nobind --remote "$S4" "$port" --cert /srv/alice.crt --key /srv/alice.key)
    if [ "$proto" = tcp ]; then
        as_server+=(--proto tcp-server) as_client+=(--proto tcp-client)
    fi
    serve "${common[@]}" "${as_server[@]}"
    listening "$proto" "$port"
    capture "$proto"
    client timeout -s TERM 8 "${common[@]}" "${as_client[@]}" >/dev/null || true
}
