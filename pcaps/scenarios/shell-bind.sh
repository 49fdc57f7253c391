#!/bin/bash
# A shell that waits on an odd port and has no prompt: somebody types lines into socat, with a mistake that is an error there.
# packages: socat python3-minimal
# ports: tcp/31337
# expect: tcp.dstport==31337 && tcp.payload contains "hostname"

. "${0%/*}/../lib.sh"
serve socat TCP-LISTEN:31337,reuseaddr EXEC:/bin/sh,stderr
listening tcp 31337
capture tcp
client /usr/bin/python3 /mnt/typist.py 'id\n' 'hostname\n' 'lss -l\n' 'ls -l /\n' 'cat /etc/passwd | tail -1\n' 'exit\n' -- socat STDIO TCP:10.20.0.2:31337
