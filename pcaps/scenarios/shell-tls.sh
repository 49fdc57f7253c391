#!/bin/bash
# The same shell inside TLS 1.3, where only sizes and times are seen.
# packages: socat openssl python3-minimal
# ports: tcp/8443
# decode: tcp.port==8443,tls
# expect: tls.handshake.type==1

. "${0%/*}/../lib.sh"
server openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=server -keyout /srv/key.pem -out /srv/cert.pem 2>/dev/null
serve socat OPENSSL-LISTEN:8443,reuseaddr,cert=/srv/cert.pem,key=/srv/key.pem,verify=0 EXEC:/bin/sh,pty,stderr,setsid,sigint,sane
listening tcp 8443
capture tcp
client /usr/bin/python3 /mnt/typist.py 'id\n' 'ls -l /homer\x7f\n' 'cd /tmp\n' 'echo still here, and typing on\n' 'exit\n' -- \
    socat STDIO,raw,echo=0 OPENSSL:10.20.0.2:8443,verify=0
