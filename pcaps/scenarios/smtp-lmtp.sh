#!/bin/bash
# Dovecot and swaks: LMTP on an odd port; a message for alice and for somebody whom nobody knows.
# packages: dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd swaks
# ports: tcp/2424
# decode: tcp.port==2424,smtp
# expect: smtp.req.command=="LHLO"
# expect: smtp.response.code==550

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes 'protocols = imap pop3 lmtp' 'service lmtp {' 'inet_listener lmtp {' 'port = 2424' '}' '}' \
    'protocol lmtp {' 'auth_username_format = %n' '}' 'auth_username_format = %n'
listening tcp 2424
capture tcp
mail --protocol LMTP -p 2424 --to alice@example.com,nobody@example.com
