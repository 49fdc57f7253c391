#!/bin/bash
# OpenArena's server and quakestat, which asks it what is played and by whom, on its own port and on an odd one.
# packages: openarena-server qstat util-linux
# ports: udp/27960, udp/2796
# expect: quake3.connectionless
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
for port in 27960 2796; do
    mkdir -p "$WORK/server/home/alice/$port"
    chown 2001:2001 "$WORK/server/home/alice/$port"
    serve setpriv --reuid 2001 --regid 2001 --clear-groups env HOME="/home/alice/$port" /usr/lib/ioquake3/ioq3ded +set com_basegame baseoa +set fs_basepath /usr/lib/openarena-server \
        +set com_homepath .oa +set com_standalone 1 +set dedicated 1 +set net_port $port +set net_enabled 1 +set sv_hostname "Example arena" +set bot_enable 1 +set bot_minplayers 2 +map oa_dm1
    listening udp $port
done
sleep 8
capture udp
for port in 27960 2796; do
    client quakestat -q3s "$S4:$port" -P -R >/dev/null
done
