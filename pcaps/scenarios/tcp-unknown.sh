#!/bin/bash
# A protocol of nobody's: each side sends some messages of random bytes, over TCP and over UDP.
# packages: python3-minimal
# ports: tcp/4711, udp/4711
# expect: tcp.len==300
# expect: 6 udp.length==208

. "${0%/*}/../lib.sh"
put /srv/random.py <<'PY'
import os, socket, threading
def stream():
    peer, _ = socket.create_server(("", 4711)).accept()
    for _ in range(5):
        peer.recv(1000)
        peer.sendall(os.urandom(300))
def datagrams():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", 4711))
    for _ in range(3):
        s.sendto(os.urandom(200), s.recvfrom(1000)[1])
threading.Thread(target=stream).start()
datagrams()
PY
serve /usr/bin/python3 /srv/random.py
listening tcp 4711
listening udp 4711
capture tcp or udp
client /usr/bin/python3 - <<'PY'
import os, socket
stream = socket.create_connection(("server", 4711))
for _ in range(5):
    stream.sendall(os.urandom(300))
    stream.recv(1000)
stream.close()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.connect(("server", 4711))
for _ in range(3):
    datagrams.send(os.urandom(200))
    datagrams.recv(1000)
PY
