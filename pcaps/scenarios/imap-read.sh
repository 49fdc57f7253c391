#!/bin/bash
# Dovecot and curl: log in (PLAIN), list folders, search, fetch a message, select a folder that does not exist.
# packages: dovecot-core dovecot-imapd dovecot-pop3d curl
# ports: tcp/143
# expect: imap.request contains "LIST"
# expect: imap.request contains "FETCH"
# expect: imap.response contains "NO"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes
capture tcp
client curl -s -S -u "alice:$PASSWORD" 'imap://mail.example.com/' 'imap://mail.example.com/INBOX?SUBJECT%20Lunch' 'imap://mail.example.com/INBOX;MAILINDEX=1'
fails client curl -s -u "alice:$PASSWORD" 'imap://mail.example.com/Nowhere;MAILINDEX=1'
