#!/bin/bash
# A page asked for thirty times on one connection, every 150 to 700 ms, with small requests and answers, and on an odd port.
# packages: python3-minimal
# ports: tcp/8099
# expect: http.request.uri=="/n"

. "${0%/*}/../lib.sh"
put /srv/serve.py <<'PY'
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response_only(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"7")
    def log_message(self, *_): pass
HTTPServer(("", 8099), Handler).serve_forever()
PY
serve /usr/bin/python3 /srv/serve.py
listening tcp 8099
capture tcp
client /usr/bin/python3 - <<'PY'
import random, socket, time
server, pause = socket.create_connection(("server", 8099)), random.Random(5)
for _ in range(30):
    server.sendall(b"GET /n HTTP/1.1\r\nHost: server\r\n\r\n")
    server.recv(500)
    time.sleep(pause.uniform(0.15, 0.7))
PY
