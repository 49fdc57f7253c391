#!/bin/bash
# wakeonlan wakes two machines, on its own port and on an odd one.
# packages: wakeonlan
# ports: udp/9, udp/40000
# expect: wol

. "${0%/*}/../lib.sh"
capture udp
client wakeonlan -i 10.20.0.255 02:00:00:00:20:77 >/dev/null
client wakeonlan -i 10.20.0.255 -p 40000 02:00:00:00:20:78 >/dev/null
