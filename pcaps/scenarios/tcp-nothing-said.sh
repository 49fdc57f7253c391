#!/bin/bash
# A connection that is opened, never used, and closed a second later; and one whose server never says a word to a line of text.
# packages: netcat-openbsd socat
# ports: tcp/7000
# expect: 2 tcp.flags.syn==1 && tcp.flags.ack==0
# expect: 1 tcp.len>0

. "${0%/*}/../lib.sh"
serve socat -u TCP-LISTEN:7000,fork,reuseaddr OPEN:/dev/null
listening tcp 7000
capture tcp
sleep 1 | client nc -N server 7000
echo hello | client nc -N server 7000
