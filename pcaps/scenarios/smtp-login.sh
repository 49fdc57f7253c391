#!/bin/bash
# Postfix, Dovecot and swaks on an odd port: AUTH PLAIN with a wrong password, AUTH LOGIN with the right one and a message.
# packages: postfix swaks dovecot-core dovecot-imapd dovecot-pop3d
# ports: tcp/8025
# decode: tcp.port==8025,smtp
# expect: smtp.response.code==535
# expect: smtp.response.code==235
# expect: imf.message_id

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes
mail_server 8025 'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = /srv/auth'
capture tcp
fails mail -p 8025 --auth PLAIN --auth-user alice --auth-password letmein
mail -p 8025 --auth LOGIN --auth-user alice --auth-password "$PASSWORD"
