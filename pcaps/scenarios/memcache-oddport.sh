#!/bin/bash
# memcached on odd ports: its binary protocol (set, get, version), and over UDP a request for
# statistics, as it is misused for amplification.
# packages: memcached python3-minimal netcat-openbsd
# ports: tcp/21211, udp/21211
# expect: tcp.payload[0]==81
# expect: udp.payload contains "STAT pid"

. "${0%/*}/../lib.sh"
put_client /srv/binary.py <<'PY'
import socket, struct
s = socket.create_connection(("server", 21211))
def call(operation, key=b"", extras=b"", value=b""):
    body = extras + key + value
    s.sendall(struct.pack(">BBHBBHIIQ", 0x80, operation, len(key), len(extras), 0, 0, len(body), 0, 0) + body)
    head = s.recv(24, socket.MSG_WAITALL)
    return s.recv(struct.unpack(">I", head[8:12])[0], socket.MSG_WAITALL)
call(1, b"greeting", bytes(8), b"hello")
call(0, b"greeting")
call(0, b"nothing")
call(0x0b)
PY
serve memcached -u nobody -l 0.0.0.0 -p 21211 -U 21211
listening tcp 21211
capture tcp or udp
client python3 binary.py
printf '\0\1\0\0\0\1\0\0stats\r\n' | client nc -u -w 1 server 21211
