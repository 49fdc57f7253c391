#!/bin/bash
# miniupnpd and libtorrent, which asks its router by PCP for a port of TCP and one of UDP, and gives them back.
# packages: miniupnpd-nftables python3-libtorrent nftables gcc libc6-dev
# ports: udp/5351
# expect: portcontrol.opcode==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/natpmp.sh"
gateway
listening udp 5351
ip -n "$NET-client" route replace default via "$S4"
capture udp port 5351
client /usr/bin/python3 - <<'PYTHON'
import time, libtorrent
session = libtorrent.session({"listen_interfaces": "10.20.0.1:16881", "enable_natpmp": True, "enable_upnp": False,
                              "enable_dht": False, "enable_lsd": False})
time.sleep(4)
session.apply_settings({"enable_natpmp": False})
time.sleep(2)
PYTHON
