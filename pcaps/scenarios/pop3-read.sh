#!/bin/bash
# Dovecot: curl with a wrong password (CRAM-MD5), then USER and PASS, the list, a message got, another deleted, with netcat.
# packages: dovecot-core dovecot-imapd dovecot-pop3d curl netcat-openbsd
# ports: tcp/110
# expect: pop.response.indicator=="-ERR"
# expect: pop.request.command=="RETR"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes
listening tcp 110
capture tcp
fails client curl -s -u alice:letmein pop3://mail.example.com/
for line in 'USER alice' "PASS $PASSWORD" STAT LIST 'RETR 1' 'DELE 2' QUIT; do
    sleep 0.3
    printf '%s\r\n' "$line"
done | client nc mail.example.com 110
