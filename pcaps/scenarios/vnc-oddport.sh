#!/bin/bash
# TigerVNC both sides on an odd port: no password at all.
# packages: tigervnc-standalone-server tigervnc-viewer tigervnc-tools
# ports: tcp/443
# decode: tcp.port==443,vnc
# expect: vnc.desktop_name contains "alice"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/vnc.sh"
vnc_server 443 None
capture tcp
watch 443
