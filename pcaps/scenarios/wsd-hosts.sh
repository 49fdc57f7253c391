#!/bin/bash
# wsdd says hello, is looked for by another wsdd, which asks what it is, and says goodbye; then wsdd2 is found too.
# packages: wsdd wsdd2 procps
# ports: udp/3702, tcp/5357
# expect: udp.port==3702

. "${0%/*}/../lib.sh"
WSDD=$(command -v wsdd)
capture udp port 3702 or tcp port 5357
serve timeout -s INT 6 /usr/bin/python3 "$WSDD" -i eth0 -4 -s -v -n server -w EXAMPLE
listening tcp 5357
client timeout -s INT 3 /usr/bin/python3 "$WSDD" -i eth0 -4 -s -v -D -o -l /run/wsdd.sock >/dev/null 2>&1 || true
sleep 3
serve wsdd2 -4 -w -N SERVER -G EXAMPLE
client timeout -s INT 3 /usr/bin/python3 "$WSDD" -i eth0 -4 -s -v -D -o -l /run/wsdd.sock >/dev/null 2>&1 || true
