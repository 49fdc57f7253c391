#!/bin/bash
# softflowd and nfcapd: what is in three captures reported by NetFlow 1, 5 and 9 and by IPFIX; and fprobe, which watches pings.
# packages: softflowd nfdump fprobe iputils-ping
# ports: udp/2055
# expect: cflow.version==5
# expect: cflow.version==9
# expect: cflow.version==10

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/netflow.sh"
collect 2055
capture udp port 2055
for version in 1 5 9 10; do report $version "$S4:2055"; done
client bash -c "fprobe -p -i eth0 -f icmp -s 1 -d 1 -e 2 -l 2 $S4:2055 & sleep 1; ping -q -c 3 -i 0.3 $S4; sleep 5" </dev/null >/dev/null 2>&1
