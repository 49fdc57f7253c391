#!/bin/bash
# ZooKeeper and Kazoo on an odd port: digest authentication, a node made, read, changed and deleted, one that is not there; then `srvr` asked
# at netcat.
# packages: zookeeper python3-kazoo netcat-openbsd
# ports: tcp/12181
# accept: _ws.malformed
# expect: tcp.payload contains "/services/billing"
# expect: tcp.payload contains "Zookeeper version"

. "${0%/*}/../lib.sh"
put /srv/zoo.cfg <<'CONF'
tickTime=2000
dataDir=/srv/data
clientPort=12181
admin.enableServer=false
4lw.commands.whitelist=srvr
CONF
put_client /srv/nodes.py <<'PY'
import sys
from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
client = KazooClient("10.20.0.2:12181", auth_data=[("digest", "alice:" + sys.argv[1])])
client.start()
client.create("/services/billing", b"10.0.0.9:8080", makepath=True)
client.get("/services/billing")
client.set("/services/billing", b"10.0.0.9:8081")
client.get_children("/services")
try:
    client.get("/services/none")
except NoNodeError:
    pass
client.delete("/services/billing")
client.stop()
PY
ip -n "$NET-server" link set lo up
serve java -Xmx128m -cp '/etc/zookeeper/conf:/usr/share/java/*' org.apache.zookeeper.server.quorum.QuorumPeerMain /srv/zoo.cfg
listening tcp 12181 || listening tcp 12181 || listening tcp 12181
capture tcp
client /usr/bin/python3 nodes.py "$PASSWORD"
printf srvr | client nc -q 2 server 12181
