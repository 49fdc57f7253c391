#!/bin/bash
# nginx asks uWSGI by SCGI on an odd port: the same as scgi-page.
# packages: uwsgi-core uwsgi-plugin-python3 nginx-light curl
# ports: tcp/14000
# expect: tcp.payload contains "SCGI"
# expect: 2 tcp.payload contains "200 OK"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/uwsgi.sh"
gateway scgi 14000
capture tcp
ask
