#!/bin/bash
# TigerVNC both sides: protocol 3.8, password challenge (VncAuth), a screen of 160 x 120 called "alice's desk", watched for two seconds.
# packages: tigervnc-standalone-server tigervnc-viewer tigervnc-tools
# ports: tcp/5901
# expect: vnc.server_security_type==2 || vnc.client_security_type==2
# expect: vnc.desktop_name contains "alice"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/vnc.sh"
vnc_server 5901 VncAuth
capture tcp
watch 5901
