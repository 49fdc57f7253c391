#!/bin/bash
# diod and its tools on an odd port: the same as 9p-letters.
# packages: diod
# ports: tcp/10564
# decode: tcp.port==10564,9p
# expect: 9p.msgtype==100
# expect: 9p.msgtype==116

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ninep.sh"
files 10564
capture tcp
look 10564
