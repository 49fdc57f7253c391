#!/bin/bash
# TigerVNC both sides with VeNCrypt: anonymous TLS, the password challenge inside.
# packages: tigervnc-standalone-server tigervnc-viewer tigervnc-tools
# ports: tcp/5901
# expect: vnc.vencrypt_auth_type==258 || vnc.client_security_type==19

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/vnc.sh"
vnc_server 5901 TLSVnc
capture tcp
watch 5901
