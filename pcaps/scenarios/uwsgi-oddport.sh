#!/bin/bash
# nginx asks uWSGI by its own protocol on an odd port: the same as uwsgi-page.
# packages: uwsgi-core uwsgi-plugin-python3 nginx-light curl
# ports: tcp/13031
# expect: tcp.payload contains "REQUEST_METHOD"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/uwsgi.sh"
gateway uwsgi 13031
capture tcp
ask
