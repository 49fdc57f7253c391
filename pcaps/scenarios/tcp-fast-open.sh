#!/bin/bash
# TCP Fast Open: the second connection carries its HTTP request in the SYN.
# packages: python3-minimal
# ports: tcp/8000
# decode: tcp.port==8000,http
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0 && tcp.len>0
# expect: 2 http.request

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
pages
for ns in client server; do ip netns exec "$NET-$ns" sysctl -qw net.ipv4.tcp_fastopen=3; done
put /srv/fast.py <<'PY'
import http.server, socket
class Server(http.server.ThreadingHTTPServer):
    def server_activate(self):
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
        super().server_activate()
Server(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
PY
serve /usr/bin/python3 /srv/fast.py
listening tcp 8000
capture tcp
client /usr/bin/python3 - <<'PY'
import socket
for _ in range(2):
    s = socket.socket()
    s.sendto(b"GET /www/new.html HTTP/1.0\r\nHost: www.example.com\r\n\r\n", 0x20000000, ("server", 8000)) # MSG_FASTOPEN
    while s.recv(4096):
        pass
    s.close()
PY
