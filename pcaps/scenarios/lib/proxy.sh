# shellcheck shell=bash
# A web proxy on the server; the origins are behind it, on its loopback, where nothing is captured.

# proxy PORT starts tinyproxy.
proxy() {
    printf '%s\n' "Port $1" 'Listen 0.0.0.0' 'Timeout 20' 'MaxClients 10' 'StartServers 1' 'ViaProxyName "proxy"' | put /srv/tinyproxy.conf
    sed -i 's/^127.0.0.1 localhost/& server.example.com www.example.com/; /^10.20.0.2 server/d' "$WORK/server/etc/hosts"
    echo "$S4 proxy.example.com proxy" >>"$WORK/client/etc/hosts"
    : >"$WORK/server/etc/resolv.conf"
    serve tinyproxy -d -c /srv/tinyproxy.conf
    listening tcp "$1"
}
