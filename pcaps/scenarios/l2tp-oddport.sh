#!/bin/bash
# xl2tpd both sides on an odd port: who does not know the secret is sent away; then a tunnel without one, a call in it, and both closed.
# packages: xl2tpd slirp
# ports: udp/11701
# decode: udp.port==11701,l2tp
# expect: l2tp.avp.message_type==4
# expect: l2tp.avp.message_type==12
# expect: ppp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/l2tp.sh"
tunnel 11701 yes
echo "* * wrong-horse *" | put_client /srv/secrets
capture udp
call
echo "* * $PASSWORD *" | put_client /srv/secrets
call
