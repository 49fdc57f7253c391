#!/bin/bash
# The same tunnel to an odd port.
# packages: knxd knxd-tools
# ports: udp/13671
# decode: udp.port==13671,kip
# expect: knxip.service.type==0x0205
# expect: knxip.service.type==0x0420

. "${0%/*}/../lib.sh"
serve knxd -e 1.1.1 -E 1.1.10:5 -n ExampleRouter -D -T -S:13671 -b dummy:
listening udp 13671
capture udp
client bash -c 'knxd -e 0.0.1 -E 0.0.2:4 -i 6720 -b ipt:server:13671 & sleep 3; knxtool groupswrite ip:localhost 1/2/3 1; knxtool groupwrite ip:localhost 1/2/4 0c 1a; sleep 1; kill %1; sleep 1' || true
