#!/bin/bash
# knxd without a bus, and another knxd that opens a tunnel to it, through which two groups are written.
# packages: knxd knxd-tools
# ports: udp/3671
# expect: knxip.service.type==0x0205
# expect: knxip.service.type==0x0420

. "${0%/*}/../lib.sh"
serve knxd -e 1.1.1 -E 1.1.10:5 -n ExampleRouter -D -T -S -b dummy:
listening udp 3671
capture udp
client bash -c 'knxd -e 0.0.1 -E 0.0.2:4 -i 6720 -b ipt:server & sleep 3; knxtool groupswrite ip:localhost 1/2/3 1; knxtool groupwrite ip:localhost 1/2/4 0c 1a; sleep 1; kill %1; sleep 1' || true
