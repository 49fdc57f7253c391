# shellcheck shell=bash
# Python's statsd client, to a collectd that listens for it.

# gauges PORT
gauges() {
    put /srv/collectd.conf <<CONF
Hostname "server.example.com"
BaseDir "/srv"
PIDFile "/srv/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin statsd
<Plugin statsd>
    Host "0.0.0.0"
    Port "$1"
</Plugin>
CONF
    serve collectd -f -C /srv/collectd.conf
    listening udp "$1"
    put_client /srv/shop.py <<'PY'
import sys, statsd
shop = statsd.StatsClient("server", int(sys.argv[1]), prefix="shop")
shop.incr("orders")
shop.incr("orders", 5, rate=0.9999999)
shop.decr("stock")
shop.gauge("queue", 17)
shop.gauge("queue", -3, delta=True)
shop.timing("checkout", 320)
shop.set("visitors", "alice")
with shop.pipeline() as together:
    together.incr("orders")
    together.gauge("queue", 4)
    together.timing("payment", 87.5)
PY
}
