#!/bin/bash
# iodine, a tunnel in DNS: three pings through it.
# packages: iodine iputils-ping
# ports: udp/53
# expect: dns.qry.name contains "t.example.com"

. "${0%/*}/../lib.sh"
serve iodined -f -c -P "$PASSWORD" 10.53.0.1 t.example.com
listening udp 53
capture udp
client bash -c "iodine -f -r -P $PASSWORD $S4 t.example.com & sleep 5; ping -q -c 3 -i 0.5 10.53.0.1; kill %1" >/dev/null 2>&1 || true
