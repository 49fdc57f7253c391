#!/bin/bash
# FRR tells pmacct of a neighbour by BMP on an odd port: as bmp-routes.
# packages: frr bird2 pmacct
# ports: tcp/15790
# decode: tcp.port==15790,bmp
# accept: _ws.malformed
# expect: bmp.type==0
# expect: bmp.type==2
# expect: bmp.type==3
# expect: bmp.type==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/bmp.sh"
capture tcp port 15790
monitored 15790
