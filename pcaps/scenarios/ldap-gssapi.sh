#!/bin/bash
# OpenLDAP both sides: alice shows a Kerberos ticket. First what follows is signed, then it is sealed.
# packages: slapd ldap-utils libsasl2-modules-gssapi-mit krb5-kdc krb5-admin-server krb5-user
# ports: tcp/389 udp/88
# expect: ldap.mechanism=="GSSAPI"
# expect: kerberos.msg_type==14

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/kerberos.sh"
. "$PCAPS/scenarios/lib/ldap.sh"
realm 88 ldap/server.example.com
directory 389
login "$PASSWORD"
capture tcp or udp
member ldapsearch -LLL -Y GSSAPI -O maxssf=1 -H ldap://server.example.com -b ou=people,dc=example,dc=com '(uid=alice)' mail
member ldapsearch -LLL -Y GSSAPI -H ldap://server.example.com -b ou=people,dc=example,dc=com '(uid=alice)' mail
