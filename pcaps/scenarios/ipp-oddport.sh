#!/bin/bash
# CUPS and its commands on an odd port: the same as ipp-printer.
# packages: cups-daemon cups-client gcc libc6-dev
# ports: tcp/16310
# decode: tcp.port==16310,http
# expect: tcp.payload contains "printer-uri"
# expect: ipp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/cups.sh"
printer 16310
capture tcp
asks lpstat -h "$S4:16310" -p >/dev/null
asks lp -h "$S4:16310" -d letters -t 'A letter' /home/alice/letter.txt >/dev/null
asks lpstat -h "$S4:16310" -W all -o letters >/dev/null
fails asks cancel -h "$S4:16310" letters-99 2>/dev/null
fails asks lp -h "$S4:16310" -d missing /home/alice/letter.txt 2>/dev/null
