#!/bin/bash
# INN and Python's nntplib on an odd port: the same as nntp-letters.
# packages: inn2 python3
# ports: tcp/11119
# decode: tcp.port==11119,nntp
# expect: tcp.payload contains "AUTHINFO"
# expect: tcp.payload contains "240 "

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nntp.sh"
news 11119
capture tcp
client /usr/bin/python3 -W ignore /srv/read.py 11119 "$PASSWORD"
