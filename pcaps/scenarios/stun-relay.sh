#!/bin/bash
# coturn: its client asks how it is seen; then alice allocates two relays, binds channels, and talks to herself over them.
# packages: coturn
# ports: udp/3478
# expect: stun.type==0x0101
# expect: stun.type==0x0113
# expect: stun.type==0x0103
# expect: stun.channel

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/turn.sh"
turn_server 3478
capture udp
client turnutils_stunclient -p 3478 $S4 >>"$WORK/serve.log"
client turnutils_uclient -u alice -w "$PASSWORD" -p 3478 -y -n 3 -m 1 -l 60 $S4 >>"$WORK/serve.log"
