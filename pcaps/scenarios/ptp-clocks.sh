#!/bin/bash
# ptp4l both sides, over UDP and IPv4 with software's time stamps: one becomes the master, the other follows. No clock is set.
# packages: linuxptp
# ports: udp/319, udp/320
# expect: ptp.v2.messagetype==0xb
# expect: ptp.v2.messagetype==0x0

. "${0%/*}/../lib.sh"
serve ptp4l -4 -S -i eth0 --free_running 1 --uds_address /tmp/ptp --priority1 100
capture udp
client timeout 10 ptp4l -4 -S -i eth0 --free_running 1 -s --uds_address /tmp/ptp >/dev/null 2>&1 || true
