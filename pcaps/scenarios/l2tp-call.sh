#!/bin/bash
# xl2tpd both sides: a tunnel, each side proving that it knows the secret, a call in it with PPP, and both closed.
# packages: xl2tpd slirp
# ports: udp/1701
# expect: l2tp.avp.message_type==1
# expect: l2tp.avp.message_type==12
# expect: ppp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/l2tp.sh"
tunnel 1701 yes
capture udp
call
