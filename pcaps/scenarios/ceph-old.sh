#!/bin/bash
# A monitor of Ceph that speaks messenger version 1, and Ceph's command that asks it how it is.
# packages: ceph-mon ceph-common
# ports: tcp/6789
# accept: _ws.malformed
# expect: tcp.payload contains "ceph v027"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ceph.sh"
monitor "v1:$S4:6789" 6789
capture tcp
ask mon stat
