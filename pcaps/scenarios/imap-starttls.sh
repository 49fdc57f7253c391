#!/bin/bash
# Dovecot and curl: IMAP with STARTTLS and POP3 with STLS, then everything in TLS 1.3.
# packages: dovecot-core dovecot-imapd dovecot-pop3d curl openssl
# ports: tcp/143, tcp/110
# expect: imap.request contains "STARTTLS"
# expect: pop.request.command=="STLS"
# expect: 2 tls.handshake.type==2
# never: imf

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate mail.example.com
mailboxes 'ssl = yes' 'ssl_cert = </srv/mail.example.com.pem' 'ssl_key = </srv/mail.example.com.key' 'service imap-login {' 'inet_listener imaps {' 'port = 0' '}' '}' \
    'service pop3-login {' 'inet_listener pop3s {' 'port = 0' '}' '}'
capture tcp
client curl -s -S --ssl-reqd --cacert /srv/ca.pem -u "alice:$PASSWORD" 'imap://mail.example.com/INBOX;MAILINDEX=1' >>"$WORK/serve.log"
client curl -s -S --ssl-reqd --cacert /srv/ca.pem -u "alice:$PASSWORD" pop3://mail.example.com/1 >>"$WORK/serve.log"
