#!/bin/bash
# An upgrade to WebSocket (python3-websockets both sides), three messages echoed, one of them of 300 bytes, a ping, and the close.
# packages: python3-websockets python3-minimal
# ports: tcp/9001
# decode: tcp.port==9001,http
# expect: 1 http.response.code==101 && http.upgrade=="websocket"
# expect: 6 websocket.opcode==1
# expect: 1 websocket.opcode==9
# expect: 2 websocket.opcode==8

. "${0%/*}/../lib.sh"
serve /usr/bin/python3 /mnt/echo_websocket.py serve 9001
listening tcp 9001
capture tcp
client /usr/bin/python3 /mnt/echo_websocket.py visit ws://www.example.com:9001/chat
