#!/bin/bash
# Xvfb and xdpyinfo over TCP, on another display's port: a display that asks for no cookie.
# packages: xvfb x11-utils
# ports: tcp/6077
# decode: tcp.port==6077,x11
# expect: x11.vendor

. "${0%/*}/../lib.sh"
mkdir -p "$WORK/server/tmp/.X11-unix"
chmod 1777 "$WORK/server/tmp/.X11-unix"
serve Xvfb :77 -listen tcp -ac -screen 0 320x240x16
listening tcp 6077
capture tcp
client xdpyinfo -display server:77 >/dev/null
