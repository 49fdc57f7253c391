#!/bin/bash
# A monitor of Ceph on an odd port: the same as ceph-monitor.
# packages: ceph-mon ceph-common
# ports: tcp/13300
# accept: _ws.malformed
# expect: tcp.payload contains "ceph v2"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ceph.sh"
monitor "v2:$S4:13300" 13300
capture tcp
ask mon stat
