#!/bin/bash
# A game of nobody's: the client tells where it is twenty times a second, the server where all are ten times a second; over TCP and UDP.
# packages: python3-minimal
# ports: tcp/27500, udp/27500
# expect: tcp.dstport==27500 && tcp.len==26
# expect: udp.dstport==27500

. "${0%/*}/../lib.sh"
put /srv/game.py <<'PY'
import random, socket, struct, sys, threading, time
chance = random.Random(7)
def beat(send, every, size, begin):
    for nth in range(int(10 / every)):
        send(struct.pack(">HIff", 0x4701, nth, chance.uniform(0, 99), chance.uniform(0, 99)) + bytes(size - 14))
        time.sleep(max(0, begin + (nth + 1) * every - time.monotonic() + chance.uniform(-0.004, 0.004)))
def play(send, receive, every, size):
    def listen():
        try:
            while receive(2000): pass
        except OSError:
            pass
    threading.Thread(target=listen, daemon=True).start()
    beat(send, every, size, time.monotonic())
if sys.argv[1] == "server":
    listener = socket.create_server(("", 27500))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", 27500))
    stream, _ = listener.accept()
    _, player = datagrams.recvfrom(2000)
    other = threading.Thread(target=play, args=(lambda b: datagrams.sendto(b, player), datagrams.recv, 0.1, 60))
    other.start()
    play(stream.sendall, stream.recv, 0.1, 60)
else:
    stream = socket.create_connection(("server", 27500))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.connect(("server", 27500))
    other = threading.Thread(target=play, args=(datagrams.send, datagrams.recv, 0.05, 26))
    other.start()
    play(stream.sendall, stream.recv, 0.05, 26)
    other.join()
PY
cp "$WORK/server/srv/game.py" "$WORK/client/srv/"
serve /usr/bin/python3 /srv/game.py server
listening tcp 27500
capture tcp or udp
client /usr/bin/python3 /srv/game.py client
