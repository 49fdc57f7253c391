#!/bin/bash
# nginx asks uWSGI by its own protocol: a page, one that is not there, and a form.
# packages: uwsgi-core uwsgi-plugin-python3 nginx-light curl
# ports: tcp/3031
# expect: tcp.payload contains "REQUEST_METHOD"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/uwsgi.sh"
gateway uwsgi 3031
capture tcp
ask
