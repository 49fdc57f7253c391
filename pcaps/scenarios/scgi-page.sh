#!/bin/bash
# nginx asks uWSGI by SCGI: a page, one that is not there, and a form.
# packages: uwsgi-core uwsgi-plugin-python3 nginx-light curl
# ports: tcp/4000
# expect: tcp.payload contains "SCGI"
# expect: 2 tcp.payload contains "200 OK"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/uwsgi.sh"
gateway scgi 4000
capture tcp
ask
