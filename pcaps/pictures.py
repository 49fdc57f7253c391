#!/usr/bin/python3
"""pictures.py FOLDER: a PNG picture and a gzipped tar of some texts, the same bytes whenever and wherever it runs (nothing is deflated)."""

import gzip
import io
import os
import struct
import sys
import tarfile
import zlib

folder = sys.argv[1]
side = 64


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = b"".join(b"\0" + bytes(v for x in range(side) for v in (4 * x, 4 * y, (x * y) % 256)) for y in range(side))
with open(os.path.join(folder, "picture.png"), "wb") as out:
    out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)))
    out.write(chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))

packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
    for name in ("README", "main.c", "Makefile"):
        text = f"{name} of an invented program\n".encode() * 40
        entry = tarfile.TarInfo(f"program-1.0/{name}")
        entry.size, entry.mtime = len(text), 1700000000
        tar.addfile(entry, io.BytesIO(text))
with open(os.path.join(folder, "source.tar.gz"), "wb") as out:
    out.write(gzip.compress(packed.getvalue(), 0, mtime=0))
