#!/bin/bash
# INN and Python's nntplib: the groups, a wrong password, then the right one; an article posted and read, a group and an article that are not there.
# packages: inn2 python3
# ports: tcp/119
# expect: tcp.payload contains "AUTHINFO"
# expect: tcp.payload contains "240 "

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nntp.sh"
news 119
capture tcp
client /usr/bin/python3 -W ignore /srv/read.py 119 "$PASSWORD"
