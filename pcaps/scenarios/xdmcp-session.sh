#!/bin/bash
# xdm and an Xvfb that asks it for a session, on its own port and on an odd one.
# packages: xdm xvfb x11-utils
# ports: udp/177, udp/17700
# expect: xdmcp.opcode==2
# expect: xdmcp.opcode==7

. "${0%/*}/../lib.sh"
mkdir -p "$WORK/server/srv/xdm" 
printf '*\n* CHOOSER BROADCAST\n' | put /srv/xdm/Xaccess
put /srv/xdm/Xresources </dev/null
put /srv/xdm/Xservers </dev/null
for port in 177 17700; do
    mkdir -p "$WORK/server/srv/xdm/$port"
    put /srv/xdm/config.$port <<CONF
DisplayManager.requestPort: $port
DisplayManager.servers: /srv/xdm/Xservers
DisplayManager.accessFile: /srv/xdm/Xaccess
DisplayManager.errorLogFile: /srv/xdm/log.$port
DisplayManager.pidFile: /srv/xdm/pid.$port
DisplayManager.authDir: /srv/xdm/$port
DisplayManager.keyFile: /srv/xdm/keys
DisplayManager*authorize: false
DisplayManager*resources: /srv/xdm/Xresources
DisplayManager.willing: echo example and ready
CONF
    serve xdm -nodaemon -config /srv/xdm/config.$port
    listening udp $port
done
capture udp
client timeout 6 Xvfb :1 -ac -listen tcp -query "$S4" -once -displayID example-1 >/dev/null 2>&1 || true
client timeout 4 Xvfb :2 -ac -listen tcp -port 17700 -query "$S4" -once >/dev/null 2>&1 || true
