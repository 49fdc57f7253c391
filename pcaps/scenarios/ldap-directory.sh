#!/bin/bash
# OpenLDAP both sides: a wrong password, searches, who am I, an entry added, changed, renamed, compared and deleted.
# packages: slapd ldap-utils
# ports: tcp/389
# expect: ldap.resultCode==49
# expect: ldap.protocolOp==8
# expect: ldap.protocolOp==14

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ldap.sh"
directory 389
alice=uid=alice,ou=people,dc=example,dc=com
put_client /srv/new.ldif <<LDIF
dn: uid=bob,ou=people,dc=example,dc=com
changetype: add
objectClass: inetOrgPerson
uid: bob
cn: Bob Example
sn: Example

dn: uid=bob,ou=people,dc=example,dc=com
changetype: modify
add: mail
mail: bob@example.com

dn: uid=bob,ou=people,dc=example,dc=com
changetype: modrdn
newrdn: uid=robert
deleteoldrdn: 1

dn: uid=robert,ou=people,dc=example,dc=com
changetype: delete
LDIF
capture tcp
fails client ldapwhoami -x -H ldap://server -D $alice -w wrong
client ldapsearch -x -LLL -H ldap://server -D $alice -w "$PASSWORD" -b dc=example,dc=com '(&(objectClass=inetOrgPerson)(|(uid=al*)(mail>=b))(!(cn=*x*y)))' cn mail
client ldapsearch -x -LLL -H ldap://server -s base -b '' '(objectClass=*)' supportedSASLMechanisms namingContexts
client ldapwhoami -x -H ldap://server -D $alice -w "$PASSWORD"
client ldapmodify -x -H ldap://server -D cn=admin,dc=example,dc=com -w "$PASSWORD" -f /srv/new.ldif
client ldapcompare -x -H ldap://server $alice sn:Example || true
