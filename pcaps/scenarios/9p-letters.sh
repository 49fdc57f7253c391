#!/bin/bash
# diod and its tools: a folder listed, two files read, one that is not there, a folder that is not exported, and what diod tells of itself.
# packages: diod
# ports: tcp/564
# expect: 9p.msgtype==100
# expect: 9p.msgtype==116

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ninep.sh"
files 564
capture tcp
look 564
