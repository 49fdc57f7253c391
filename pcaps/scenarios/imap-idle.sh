#!/bin/bash
# Dovecot and a client that waits for mail (IDLE) and asks again each two seconds; two mails come meanwhile.
# packages: dovecot-core dovecot-imapd python3-minimal
# ports: tcp/143
# expect: imap.request contains "IDLE"
# expect: tcp.payload contains "4 EXISTS"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mailboxes
capture tcp
(
    for nth in 3 4; do
        sleep 4
        printf 'From: bob@example.net\r\nSubject: %s\r\n\r\nHello.\r\n' $nth >"$WORK/server/srv/mail/alice/new/$nth.example"
    done
) &
client env PASSWORD="$PASSWORD" /usr/bin/python3 - <<'PY'
import os, socket
imap = socket.create_connection(("server", 143))
def ask(line, until):
    imap.sendall(line + b"\r\n")
    said = b""
    while until not in said:
        said += imap.recv(4000)
imap.recv(1000)
ask(b"a login alice " + os.environ["PASSWORD"].encode(), b"a OK")
ask(b"b select INBOX", b"b OK")
for nth in range(6):
    ask(b"c%d IDLE" % nth, b"+ ")
    imap.settimeout(2)
    try:
        imap.recv(1000)
    except TimeoutError:
        pass
    imap.settimeout(None)
    ask(b"DONE", b"c%d OK" % nth)
ask(b"d logout", b"d OK")
PY
