#!/usr/bin/python3
"""mailer.py HOW ...: a message with files in it, of Python's own libraries, and ways to send and read it that other clients lack.

    message FILE [PICTURE]            writes it to a file, for curl
    send HOST PORT PICTURE            one by DATA, one more by BDAT in chunks, on one connection
    deflate HOST PORT USER PASSWORD   IMAP: logs in, agrees on COMPRESS=DEFLATE, and fetches the first message
"""

import smtplib
import socket
import sys
import zlib
from email.message import EmailMessage
from email.policy import SMTP


def message(number, picture=None):
    """Text in two forms, one of them with a picture inside; a table, a note with a name beyond ASCII, and a forwarded message."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Jürgen Alice <alice@example.com>"
    mail["To"] = "bob@example.com, Carol <carol@example.com>"
    mail["Subject"] = f"Grüße, und Bilder Nr. {number}"
    mail["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    mail["Message-ID"] = f"<{number}@client.example.com>"
    mail["User-Agent"] = "mailer.py"
    mail.set_content("Hello,\n.\n..\nthe lines above are dots.\n")
    mail.add_alternative("<p>Hello, <img src='cid:picture'></p>\n", subtype="html")
    if picture:
        html = mail.get_payload()[1]
        with open(picture, "rb") as file:
            html.add_related(file.read(), "image", "png", cid="<picture>", filename="picture.png", disposition="inline")
    table = "".join(f"{line};{line * line}\n" for line in range(40))
    mail.add_attachment(table, subtype="csv", filename="squares.csv", cte="quoted-printable")
    mail.add_attachment("Nur ein Zettel: süß.\n", filename="Résumé für später.txt", cte="base64")
    inner = EmailMessage(policy=SMTP)
    inner["Subject"] = "forwarded"
    inner.set_content("inside\n")
    inner.add_attachment(b"%PDF-1.7\n% nothing in it\n", maintype="application", subtype="pdf", filename="empty.pdf")
    mail.add_attachment(inner)
    return mail.as_bytes()


def send(host, port, picture):
    server = smtplib.SMTP(host, int(port), local_hostname="client.example.com")
    server.sendmail("alice@example.com", ["bob@example.com", "carol@example.com"], message(1, picture))
    whole = message(2)
    server.docmd("MAIL", "FROM:<alice@example.com>")
    server.docmd("RCPT", "TO:<bob@example.com>")
    for start in range(0, len(whole), 1000):
        piece = whole[start : start + 1000]
        last = " LAST" if start + 1000 >= len(whole) else ""
        server.sock.sendall(f"BDAT {len(piece)}{last}\r\n".encode() + piece)
        print(server.getreply())
    server.quit()


def deflate(host, port, user, password):
    link = socket.create_connection((host, int(port)))
    packer = unpacker = None
    waiting = b""

    def ask(tag, line):
        nonlocal waiting
        out = f"{tag} {line}\r\n".encode()
        link.sendall(packer.compress(out) + packer.flush(zlib.Z_SYNC_FLUSH) if packer else out)
        while not (waiting.startswith(f"{tag} OK".encode()) or f"\r\n{tag} OK".encode() in waiting):
            piece = link.recv(65536)
            waiting += unpacker.decompress(piece) if unpacker else piece
        waiting = b""

    waiting = link.recv(65536)[:0]
    ask("a", f"LOGIN {user} {password}")
    ask("b", "COMPRESS DEFLATE")
    packer, unpacker = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
    ask("c", 'ID ("name" "mailer.py" "version" "1")')
    ask("d", "SELECT INBOX")
    ask("e", "UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT MESSAGE-ID)])")
    ask("f", "FETCH 1 (UID BODY[])")
    ask("g", "LOGOUT")


how, *rest = sys.argv[1:]
if how == "message":
    with open(rest[0], "wb") as file:
        file.write(message(3, *rest[1:]))
elif how == "send":
    send(*rest)
else:
    deflate(*rest)
