#!/bin/bash
# A monitor of Ceph, and Ceph's command that asks it how it is: messenger version 2.
# packages: ceph-mon ceph-common
# ports: tcp/3300
# accept: _ws.malformed
# expect: tcp.payload contains "ceph v2"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ceph.sh"
monitor "v2:$S4:3300" 3300
capture tcp
ask mon stat
