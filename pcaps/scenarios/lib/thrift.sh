# shellcheck shell=bash
# A service of two methods, by Thrift's own library; what is generated from an interface elsewhere is written by hand here.
put /srv/serve.py <<'PY'
import sys
from thrift.Thrift import TApplicationException, TMessageType, TType
from thrift.protocol import TBinaryProtocol, TCompactProtocol
from thrift.server import TServer
from thrift.transport import TSocket, TTransport
class Processor:
    def process(self, i, o):
        name, _, seq = i.readMessageBegin()
        i.skip(TType.STRUCT)
        i.readMessageEnd()
        known = name in ("putPart", "getPart")
        o.writeMessageBegin(name, TMessageType.REPLY if known else TMessageType.EXCEPTION, seq)
        if known:
            o.writeStructBegin("result"); o.writeFieldBegin("success", TType.STRING, 0); o.writeString("bolt"); o.writeFieldEnd()
            o.writeFieldStop(); o.writeStructEnd()
        else:
            TApplicationException(TApplicationException.UNKNOWN_METHOD, "Unknown function " + name).write(o)
        o.writeMessageEnd(); o.trans.flush()
        return True
port, framed = int(sys.argv[1]), sys.argv[2] == "framed"
transports = TTransport.TFramedTransportFactory() if framed else TTransport.TBufferedTransportFactory()
protocols = TCompactProtocol.TCompactProtocolFactory() if sys.argv[3] == "compact" else TBinaryProtocol.TBinaryProtocolFactory()
TServer.TSimpleServer(Processor(), TSocket.TServerSocket(host="0.0.0.0", port=port), transports, protocols).serve()
PY
put_client /srv/ask.py <<'PY'
import sys
from thrift.Thrift import TMessageType, TType
from thrift.protocol import TBinaryProtocol, TCompactProtocol
from thrift.transport import TSocket, TTransport
framed = sys.argv[2] == "framed"
socket = TSocket.TSocket("10.20.0.2", int(sys.argv[1]))
transport = TTransport.TFramedTransport(socket) if framed else TTransport.TBufferedTransport(socket)
o = TCompactProtocol.TCompactProtocol(transport) if sys.argv[3] == "compact" else TBinaryProtocol.TBinaryProtocol(transport)
transport.open()
for seq, name in enumerate(["putPart", "getPart", "getPart", "sellPart"]):
    o.writeMessageBegin(name, TMessageType.CALL, seq)
    o.writeStructBegin("arguments")
    o.writeFieldBegin("name", TType.STRING, 1); o.writeString("bolt"); o.writeFieldEnd()
    o.writeFieldBegin("sizes", TType.MAP, 2); o.writeMapBegin(TType.STRING, TType.LIST, 1); o.writeString("mm")
    o.writeListBegin(TType.I32, 3); [o.writeI32(size) for size in (8, 10, 12)]; o.writeListEnd(); o.writeMapEnd(); o.writeFieldEnd()
    o.writeFieldStop(); o.writeStructEnd(); o.writeMessageEnd(); transport.flush()
    o.readMessageBegin(); o.skip(TType.STRUCT); o.readMessageEnd()
transport.close()
PY
thrift_calls() { # PORT framed|bare binary|compact
    serve /usr/bin/python3 serve.py "$@"
    listening tcp "$1"
    capture tcp
    client /usr/bin/python3 ask.py "$@"
}
