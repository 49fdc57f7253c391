# shellcheck shell=bash
# Nebula: the server is a lighthouse, the client a host of the same network.

# lighthouse PORT
lighthouse() {
    local host side net
    server sh -c 'cd /srv && nebula-cert ca -name example && nebula-cert sign -name server -ip 10.44.0.2/24 && nebula-cert sign -name client -ip 10.44.0.1/24'
    cp "$WORK"/server/srv/*.crt "$WORK"/server/srv/*.key "$WORK/client/srv/"
    for host in server client; do
        side=true net=
        if [ $host = client ]; then side=false net="hosts: [\"10.44.0.2\"]"; fi
        text "$WORK/$host/srv/nebula.yml" <<YML
pki: {ca: /srv/ca.crt, cert: /srv/$host.crt, key: /srv/$host.key}
static_host_map: {"10.44.0.2": ["$S4:$1"]}
lighthouse:
  am_lighthouse: $side
  interval: 5
  $net
listen: {host: 0.0.0.0, port: $([ $host = server ] && echo "$1" || echo 0)}
punchy: {punch: false}
tun: {dev: nebula1, mtu: 1300}
firewall:
  outbound: [{port: any, proto: any, host: any}]
  inbound: [{port: any, proto: any, host: any}]
YML
    done
    serve nebula -config /srv/nebula.yml
    listening udp "$1"
}

# join starts the client and sends three pings through the tunnel
join() {
    "$PCAPS/inside.sh" "$NET" "$WORK" client nebula -config /srv/nebula.yml >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
    sleep 2
    client ping -q -c 3 -i 0.2 10.44.0.2 >/dev/null
}
