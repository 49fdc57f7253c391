#!/bin/bash
# coturn on an odd port, over TCP: alice's relays and channels.
# packages: coturn
# ports: tcp/13478
# expect: stun.type==0x0113
# expect: stun.type==0x0103

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/turn.sh"
turn_server 13478
capture tcp
client turnutils_uclient -t -u alice -w "$PASSWORD" -p 13478 -y -n 3 -m 1 -l 60 $S4 >>"$WORK/serve.log"
