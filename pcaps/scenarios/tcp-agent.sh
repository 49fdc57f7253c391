#!/bin/bash
# An agent of nobody's that a controller asks in lines of text: thirty short questions, each as soon as the last is answered, which takes
# 30 to 400 ms; and one that reports a reading each half second.
# packages: python3-minimal
# ports: tcp/5555, tcp/5556
# expect: tcp.dstport==5555 && tcp.payload contains "get "
# expect: tcp.dstport==5556 && tcp.payload contains "temp "

. "${0%/*}/../lib.sh"
put /srv/agent.py <<'PY'
import random, socket, threading, time
chance = random.Random(11)
def answer():
    peer, _ = socket.create_server(("", 5555)).accept()
    while question := peer.recv(1000):
        time.sleep(chance.uniform(0.03, 0.4))
        peer.sendall(b"%d\n" % chance.randrange(10**chance.randrange(1, 9)))
def take():
    peer, _ = socket.create_server(("", 5556)).accept()
    while peer.recv(1000):
        peer.sendall(b"ok\n")
threading.Thread(target=take).start()
answer()
PY
serve /usr/bin/python3 /srv/agent.py
listening tcp 5555
listening tcp 5556
capture tcp
client /usr/bin/python3 - <<'PY'
import random, socket, threading, time
chance = random.Random(12)
def report():
    server = socket.create_connection(("server", 5556))
    for _ in range(20):
        server.sendall(b"temp %.2f\n" % chance.uniform(18, 22))
        server.recv(100)
        time.sleep(0.5 + chance.uniform(-0.02, 0.02))
threading.Thread(target=report).start()
server = socket.create_connection(("server", 5555))
for nth in range(30):
    server.sendall(b"get %s.%d\n" % (chance.choice([b"load", b"memory", b"disk", b"net.bytes"]), nth))
    server.recv(1000)
server.close()
PY
