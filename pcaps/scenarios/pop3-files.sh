#!/bin/bash
# Dovecot and curl on an odd port: a message with picture.png (SHA-256 a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5) and other files, then its header alone (TOP, with netcat).
# packages: dovecot-core dovecot-imapd dovecot-pop3d curl netcat-openbsd python3-minimal
# ports: tcp/1100
# decode: tcp.port==1100,pop
# expect: pop.request.command=="RETR"
# expect: pop.request.command=="TOP"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes 'service pop3-login {' 'inet_listener pop3 {' 'port = 1100' '}' '}'
picture
client /usr/bin/python3 /mnt/mailer.py message mail.eml picture.png
cp "$WORK/client/srv/mail.eml" "$WORK/server/srv/mail/alice/new/3.example"
chown 2001:2001 "$WORK/server/srv/mail/alice/new/3.example"
capture tcp
client curl -s -S -u "alice:$PASSWORD" --login-options AUTH=PLAIN pop3://mail.example.com:1100/3 >>"$WORK/serve.log"
for line in 'USER alice' "PASS $PASSWORD" UIDL 'TOP 3 0' QUIT; do
    sleep 0.3
    printf '%s\r\n' "$line"
done | client nc mail.example.com 1100
