#!/usr/bin/env python3
"""A server that speaks just enough TDS 7.4 for tsql: prelogin, TLS for the login where a certificate is given, login, batches.

    tds_server.py PORT [CERTIFICATE KEY]

To a batch that begins with "select" it answers one row, to "bad" an error, to anything else that one row was changed.
"""
import socket
import ssl
import struct
import sys

PORT, CERTIFICATE = int(sys.argv[1]), sys.argv[2:4]
LOGIN_ONLY, NOT_SUPPORTED = 0, 2


def receive(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def message(read):
    """The type and content of the next message."""
    content = b""
    while True:
        kind, status, length = struct.unpack(">BBH", read(8)[:4])
        content += read(length - 8)
        if status & 1:
            return kind, content


def packet(kind, content):
    return struct.pack(">BBHHBB", kind, 1, len(content) + 8, 0, 1, 0) + content


def characters(text, size="B"):
    return struct.pack("<" + size, len(text)) + text.encode("utf-16-le")


def token(number, content):
    return struct.pack("<BH", number, len(content)) + content


def done(status, command, rows):
    return struct.pack("<BHHQ", 0xFD, status, command, rows)


def prelogin(encryption):
    values = [(0, bytes([15, 0, 7, 208, 0, 0])), (1, bytes([encryption]))]
    at, head, content = 5 * len(values) + 1, b"", b""
    for number, value in values:
        head += struct.pack(">BHH", number, at + len(content), len(value))
        content += value
    return packet(4, head + b"\xff" + content)


def error(number, text):
    content = struct.pack("<IBB", number, 1, 16) + characters(text, "H") + characters("DB1") + characters("") + struct.pack("<I", 1)
    return token(0xAA, content)


def handshake(connection):
    """TLS in packets of the prelogin; then one message, the login, that is encrypted without packets around it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*CERTIFICATE)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_side=True)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            if out.pending:
                connection.sendall(packet(18, out.read()))
            into.write(message(lambda size: receive(connection, size))[1])
    connection.sendall(packet(18, out.read()))

    def read(size):
        data = b""
        while len(data) < size:
            try:
                data += tls.read(size - len(data))
            except ssl.SSLWantReadError:
                record = receive(connection, 5)
                into.write(record + receive(connection, struct.unpack(">H", record[3:])[0]))
        return data

    return message(read)


def serve(connection):
    read = lambda size: receive(connection, size)
    message(read)
    connection.sendall(prelogin(LOGIN_ONLY if CERTIFICATE else NOT_SUPPORTED))
    handshake(connection) if CERTIFICATE else message(read)
    connection.sendall(packet(4, token(0xE3, b"\1" + characters("shop") + characters("master"))
                              + token(0xAD, b"\1\x74\0\0\4" + characters("Microsoft SQL Server\0\0") + bytes([15, 0, 7, 208]))
                              + token(0xE3, b"\4" + characters("4096") + characters("4096")) + done(0, 0, 0)))
    while True:
        kind, content = message(read)
        headers = struct.unpack_from("<I", content)[0]
        text = content[headers:].decode("utf-16-le").lstrip().lower()
        if text.startswith("select"):
            columns = struct.pack("<BHIHBB", 0x81, 1, 0, 9, 0x26, 4) + characters("id")
            answer = columns + b"\xd1\x04" + struct.pack("<I", 7) + done(0x10, 0xC1, 1)
        elif text.startswith("bad"):
            answer = error(102, "Incorrect syntax near 'bad'.") + done(2, 0, 0)
        else:
            answer = done(0x10, 0xC3, 1)
        connection.sendall(packet(4, answer))


server = socket.create_server(("", PORT))
while True:
    client, _ = server.accept()
    try:
        serve(client)
    except (EOFError, OSError):
        pass
    client.close()
