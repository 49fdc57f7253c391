#!/bin/bash
# Dovecot and curl on an odd port: a message with picture.png (SHA-256 a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5) and other files is stored (APPEND, a literal that waits), and fetched.
# packages: dovecot-core dovecot-imapd dovecot-pop3d curl python3-minimal
# ports: tcp/1430
# decode: tcp.port==1430,imap
# expect: imap.request contains "APPEND"
# expect: imap.request contains "FETCH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
IMAP_PORT=1430 mailboxes 'service imap-login {' 'inet_listener imap {' 'port = 1430' '}' '}'
picture
client /usr/bin/python3 /mnt/mailer.py message mail.eml picture.png
capture tcp
client curl -s -S -u "alice:$PASSWORD" --login-options AUTH=PLAIN -T mail.eml imap://mail.example.com:1430/INBOX
client curl -s -S -u "alice:$PASSWORD" --login-options AUTH=CRAM-MD5 'imap://mail.example.com:1430/INBOX;MAILINDEX=3' >>"$WORK/serve.log"
