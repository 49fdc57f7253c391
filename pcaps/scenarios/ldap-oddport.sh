#!/bin/bash
# OpenLDAP both sides on an odd port: an anonymous search.
# packages: slapd ldap-utils
# ports: tcp/3890
# decode: tcp.port==3890,ldap
# expect: ldap.protocolOp==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ldap.sh"
directory 3890
capture tcp
client ldapsearch -x -LLL -H ldap://server:3890 -b ou=people,dc=example,dc=com '(uid=alice)' mail
