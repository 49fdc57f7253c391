#!/bin/bash
# The same controller on an odd port: registers are read three times by mbpoll (libmodbus), and a coil is written.
# packages: mbpoll python3-pymodbus python3-serial python3-serial-asyncio
# ports: tcp/15020
# decode: tcp.port==15020,mbtcp
# expect: modbus.func_code==4
# expect: modbus.func_code==5

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/modbus.sh"
controller 15020
capture tcp
for _ in 1 2 3; do client mbpoll -m tcp -p 15020 -a 1 -r 1 -c 10 -t 3 -1 server; done
client mbpoll -m tcp -p 15020 -a 1 -r 6 -t 0 server 1
