#!/bin/bash
# OLA both sides by Art-Net: they look for each other, and one sets some lights of the other's universe.
# packages: ola util-linux
# ports: udp/6454
# expect: artnet.header.opcode==0x2000
# expect: artnet.header.opcode==0x5000

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ola.sh"
capture udp
lights artnet <<'CONF'
enabled = true
ip = eth0
short_name = Example
long_name = Example lights
net = 0
subnet = 1
always_broadcast = false
CONF
server ola_patch -d 1 -p 0 -i -u 1
client ola_patch -d 1 -p 0 -u 1
sleep 3
client ola_set_dmx -u 1 -d 0,128,255,64
client ola_set_dmx -u 1 -d 255,255,0,0,17
sleep 2
