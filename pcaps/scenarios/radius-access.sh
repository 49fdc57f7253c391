#!/bin/bash
# FreeRADIUS both sides: alice is let in, with a wrong password she is not; her session is accounted for.
# packages: freeradius freeradius-utils openssl
# ports: udp/1812 udp/1813
# expect: radius.code==2
# expect: radius.code==3
# expect: 2 radius.code==5

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/radius.sh"
access_server 1812
where="NAS-IP-Address = 10.20.0.1, NAS-Identifier = ap-7, NAS-Port = 3, NAS-Port-Type = Ethernet, Calling-Station-Id = 02-00-00-00-20-01"
ask() { echo "$1, $where" | client radclient -x "server:$2" "$3" shared-secret; }
capture udp
ask "User-Name = alice, User-Password = $PASSWORD, Service-Type = Framed-User, Called-Station-Id = 02-00-00-00-20-02:garden" 1812 auth
fails ask "User-Name = alice, User-Password = wrong" 1812 auth
ask "User-Name = alice, Acct-Status-Type = Start, Acct-Session-Id = 5ab7" 1813 acct
ask "User-Name = alice, Acct-Status-Type = Stop, Acct-Session-Id = 5ab7, Acct-Terminate-Cause = User-Request" 1813 acct
