#!/bin/bash
# An HTTP request whose client breaks off with RST after the first bytes of the answer, and one that the server breaks off.
# packages: python3-minimal
# ports: tcp/8080
# expect: 1 tcp.flags.reset==1 && ip.src==10.20.0.1
# expect: 1 tcp.flags.reset==1 && ip.src==10.20.0.2

. "${0%/*}/../lib.sh"
put /srv/rude.py <<'PY'
import socket, struct, time
listener = socket.create_server(("", 8080))
for rude in (False, True):
    peer, _ = listener.accept()
    peer.recv(1000)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n" + b"x" * 1000)
    time.sleep(0.3)
    if rude:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
PY
serve /usr/bin/python3 /srv/rude.py
listening tcp 8080
capture tcp
client /usr/bin/python3 - <<'PY'
import socket, struct, time
for rude in (True, False):
    peer = socket.create_connection(("server", 8080))
    peer.sendall(b"GET /endless HTTP/1.1\r\nHost: server.example.com\r\n\r\n")
    time.sleep(0.1)
    peer.recv(2000)
    if rude:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        time.sleep(0.5)
    peer.close()
    time.sleep(0.5)
PY
