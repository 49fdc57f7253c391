#!/bin/bash
# A controller by pymodbus and two clients: mbpoll (libmodbus) reads and writes registers and coils, one address is refused; pymodbus asks what the device is.
# packages: mbpoll python3-pymodbus python3-serial python3-serial-asyncio
# ports: tcp/502
# expect: modbus.func_code==3
# expect: modbus.func_code==16
# expect: modbus.exception_code==2
# expect: modbus.func_code==43

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/modbus.sh"
controller 502
capture tcp
client mbpoll -m tcp -p 502 -a 1 -r 11 -c 4 -t 4 -1 server
client mbpoll -m tcp -p 502 -a 1 -r 21 -t 4 server 7 8 9
client mbpoll -m tcp -p 502 -a 1 -r 6 -t 0 server 1
client mbpoll -m tcp -p 502 -a 2 -r 1 -c 2 -t 3 -1 server
client mbpoll -m tcp -p 502 -a 1 -r 500 -c 2 -t 4 -1 server || true
put_client /srv/identify.py <<'PYTHON'
from pymodbus.client import ModbusTcpClient
from pymodbus.mei_message import ReadDeviceInformationRequest

client = ModbusTcpClient("server", port=502)
client.connect()
client.execute(ReadDeviceInformationRequest(unit=1))
client.close()
PYTHON
client /usr/bin/python3 /srv/identify.py
