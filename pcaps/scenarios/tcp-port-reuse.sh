#!/bin/bash
# Two HTTP connections one after the other from the same client port to the same server port: two sessions of one flow key.
# packages: python3-minimal
# ports: tcp/8000
# decode: tcp.port==8000,http
# expect: 2 tcp.srcport==40123 && tcp.flags.syn==1 && tcp.flags.ack==0
# expect: 2 http.response.code==200

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
pages
serve /usr/bin/python3 -m http.server -d /srv/www 8000
listening tcp 8000
capture tcp
client /usr/bin/python3 - <<'PY'
import socket, time
for page in (b"/new.html", b"/style.css"):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 40123))
    s.connect(("server", 8000))
    s.sendall(b"GET " + page + b" HTTP/1.0\r\nHost: www.example.com\r\n\r\n")
    while s.recv(4096):  # until the server has closed, so that the port is free at once
        pass
    s.close()
    time.sleep(0.2)
PY
