#!/bin/bash
# Xvfb and xdpyinfo over TCP, on its own port: a display that asks for no cookie.
# packages: xvfb x11-utils
# ports: tcp/6000
# decode: tcp.port==6000,x11
# expect: x11.vendor

. "${0%/*}/../lib.sh"
mkdir -p "$WORK/server/tmp/.X11-unix"
chmod 1777 "$WORK/server/tmp/.X11-unix"
serve Xvfb :0 -listen tcp -ac -screen 0 320x240x16
listening tcp 6000
capture tcp
client xdpyinfo -display server:0 >/dev/null
