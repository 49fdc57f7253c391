#!/bin/bash
# OLA both sides by streaming ACN (E1.31): one sets some lights of the other's universe, by its group.
# packages: ola util-linux
# ports: udp/5568
# expect: 2 udp.port==5568

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ola.sh"
capture udp
lights e131 <<'CONF'
enabled = true
ip = eth0
revision = 0.46
CONF
server ola_patch -d 1 -p 0 -i -u 7 || true
client ola_patch -d 1 -p 0 -u 7
sleep 1
client ola_set_dmx -u 7 -d 0,128,255,64
client ola_set_dmx -u 7 -d 255,255,0,0,17
sleep 2
