#!/bin/bash
# Postfix and swaks: STARTTLS, then everything in TLS 1.3.
# packages: postfix swaks openssl libnet-ssleay-perl
# ports: tcp/587
# decode: tcp.port==587,smtp
# expect: smtp.req.command=="STAR" || smtp.req.command=="STARTTLS"
# expect: tls.handshake.type==2
# never: imf

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate mail.example.com
mail_server 587 'smtpd_tls_security_level = may' 'smtpd_tls_cert_file = /srv/mail.example.com.pem' 'smtpd_tls_key_file = /srv/mail.example.com.key'
capture tcp
mail -p 587 --tls
