#!/bin/bash
# Redis through OpenSSH's port forwarding: a program asks it every 50 to 450 ms, and nobody types.
# packages: openssh-server openssh-client redis-server redis-tools python3-minimal
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
serve redis-server --port 6379 --bind 127.0.0.1 --save '' --dir /srv
listening tcp 6379
capture tcp
login -i /home/alice/.ssh/id -f -o ExitOnForwardFailure=yes -L 6379:127.0.0.1:6379 alice@server sleep 13 || true
client /usr/bin/python3 - <<'PY'
import random, socket, time
redis, pause = socket.create_connection(("127.0.0.1", 6379)), random.Random(3)
for nth in range(40):
    name = "queue:%d" % (nth * nth * 7919)
    redis.sendall(b"*2\r\n$4\r\nLLEN\r\n$%d\r\n%s\r\n" % (len(name), name.encode()))
    redis.recv(100)
    time.sleep(pause.uniform(0.05, 0.45))
PY
