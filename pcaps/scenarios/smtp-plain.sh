#!/bin/bash
# Postfix and swaks: a message to two, a message with an attachment (report.txt), and a recipient elsewhere, who is refused.
# packages: postfix swaks
# ports: tcp/25
# expect: 3 smtp.req.command=="EHLO"
# expect: 2 imf.message_id contains "4711"
# expect: smtp.response.code==454

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mail.sh"
mail_server 25
seq -f 'line %g of a report' 100 >"$WORK/client/srv/report.txt"
capture tcp
mail --to bob@example.com,carol@example.com
mail --attach-type text/plain --attach-name report.txt --attach @/srv/report.txt
fails mail --to somebody@example.org
