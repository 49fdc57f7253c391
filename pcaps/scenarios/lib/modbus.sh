# shellcheck shell=bash
# A small controller by pymodbus, which says what it is.

# controller PORT starts it: 100 registers and coils, all 17 or off.
controller() {
    put /srv/controller.py <<'PYTHON'
import sys
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server import StartTcpServer

block = lambda: ModbusSequentialDataBlock(0, [17] * 100)
identity = ModbusDeviceIdentification()
identity.VendorName = "Example Valves"
identity.ProductCode = "VX-2"
identity.MajorMinorRevision = "1.07"
identity.ModelName = "Valve 2"
unit = ModbusSlaveContext(di=block(), co=block(), hr=block(), ir=block())
StartTcpServer(context=ModbusServerContext(slaves=unit, single=True), identity=identity, address=("", int(sys.argv[1])))
PYTHON
    serve /usr/bin/python3 /srv/controller.py "$1"
    listening tcp "$1"
}
