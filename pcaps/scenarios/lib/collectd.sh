# shellcheck shell=bash
# Two collectds: the one on the client sends its load to the one on the server.

# collectds PORT SECURITY
collectds() {
    local level=$2
    mkdir -p "$WORK/server/srv/data" "$WORK/client/srv/data"
    echo "alice: $PASSWORD" | put /srv/accounts
    put /srv/collectd.conf <<CONF
Hostname "server.example.com"
BaseDir "/srv/data"
PIDFile "/srv/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin network
LoadPlugin csv
<Plugin csv>
    DataDir "/srv/data"
</Plugin>
<Plugin network>
    <Listen "0.0.0.0" "$1">
        SecurityLevel "$level"
        AuthFile "/srv/accounts"
    </Listen>
</Plugin>
CONF
    put_client /srv/collectd.conf <<CONF
Hostname "client.example.com"
BaseDir "/srv/data"
PIDFile "/srv/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin network
LoadPlugin load
LoadPlugin memory
<Plugin network>
    <Server "$S4" "$1">
        SecurityLevel "$level"
        Username "alice"
        Password "$PASSWORD"
    </Server>
</Plugin>
CONF
    serve collectd -f -C /srv/collectd.conf
    listening udp "$1"
}

# report lets the client tell its values for a while
report() { client timeout -s TERM 5 collectd -f -C /srv/collectd.conf >/dev/null 2>&1 || true; }
