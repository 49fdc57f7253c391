# shellcheck shell=bash
# OpenLDAP's slapd with a small directory.

# directory PORT [LINE...] starts it; lines go into its configuration. KEYTAB names a file with a service's keys.
directory() {
    local port=$1
    shift
    put /srv/slapd.conf <<CONF
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /srv/slapd.pid
$(printf '%s\n' "$@")
database mdb
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw $PASSWORD
directory /srv/db
CONF
    put /srv/start.ldif <<LDIF
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: alice
cn: Alice Example
sn: Example
mail: alice@example.com
userPassword: $PASSWORD
LDIF
    mkdir -p "$WORK/server/srv/db"
    server slapadd -q -f /srv/slapd.conf -l /srv/start.ldif
    serve env KRB5_CONFIG=/srv/krb5.conf KRB5_KTNAME=/srv/keytab slapd -d 0 -f /srv/slapd.conf -h "ldap://:$port"
    listening tcp "$port"
}
