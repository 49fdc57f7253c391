#!/bin/bash
# CUPS and its commands: the printers are listed, a letter is printed, its job looked at, one cancelled that is not there, and a printer that is not there.
# packages: cups-daemon cups-client gcc libc6-dev
# ports: tcp/631
# expect: tcp.payload contains "printer-uri"
# expect: ipp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/cups.sh"
printer 631
capture tcp
asks lpstat -h "$S4:631" -p >/dev/null
asks lp -h "$S4:631" -d letters -t 'A letter' /home/alice/letter.txt >/dev/null
asks lpstat -h "$S4:631" -W all -o letters >/dev/null
fails asks cancel -h "$S4:631" letters-99 2>/dev/null
fails asks lp -h "$S4:631" -d missing /home/alice/letter.txt 2>/dev/null
