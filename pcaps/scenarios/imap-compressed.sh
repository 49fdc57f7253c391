#!/bin/bash
# Dovecot and a small client: both sides agree on COMPRESS=DEFLATE; headers and a message are fetched in it.
# packages: dovecot-core dovecot-imapd dovecot-pop3d python3-minimal
# ports: tcp/143
# expect: imap.request contains "COMPRESS"
# never: imap contains "Lunch"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes 'protocol imap {' 'mail_plugins = imap_zlib' '}'
capture tcp
client /usr/bin/python3 /mnt/mailer.py deflate mail.example.com 143 alice "$PASSWORD"
