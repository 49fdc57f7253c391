#!/bin/bash
# FRR's bgpd tells pmacct's collector by BMP of a neighbour that comes, of its two routes before and after policy, of counts, and of its going.
# packages: frr bird2 pmacct
# ports: tcp/1790
# decode: tcp.port==1790,bmp
# accept: _ws.malformed
# expect: bmp.type==0
# expect: bmp.type==2
# expect: bmp.type==3
# expect: bmp.type==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/bmp.sh"
capture tcp port 1790
monitored 1790
