#!/bin/bash
# Postfix and Python's smtplib on an odd port, two messages on one connection, the second in chunks (BDAT): parts in parts, names beyond ASCII, a forwarded message with a file, and picture.png (12420 bytes, SHA-256 a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5).
# packages: postfix python3-minimal
# ports: tcp/2526
# decode: tcp.port==2526,smtp
# expect: smtp.req.parameter contains "carol@example.com"
# expect: tcp contains "BDAT 1000"
# expect: mime_multipart.header.content-disposition contains "squares.csv"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mail_server 2526
picture
capture tcp
client /usr/bin/python3 /mnt/mailer.py send mail.example.com 2526 picture.png
