# shellcheck shell=bash
# MIT Kerberos: the realm EXAMPLE.COM with alice, and services on the server.

# realm PORT [SERVICE...] starts the KDC.
realm() {
    local port=$1 side service
    shift
    for side in put put_client; do
        $side /srv/krb5.conf <<CONF
[libdefaults]
default_realm = EXAMPLE.COM
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
[realms]
EXAMPLE.COM = {
    kdc = $S4:$port
}
[domain_realm]
.example.com = EXAMPLE.COM
CONF
    done
    put /srv/kdc.conf <<CONF
[kdcdefaults]
kdc_ports = $port
kdc_tcp_ports = $port
[realms]
EXAMPLE.COM = {
    database_name = /srv/principal
    key_stash_file = /srv/stash
    acl_file = /srv/acl
    default_principal_flags = +preauth
}
CONF
    in_realm kdb5_util create -s -r EXAMPLE.COM -P master-key >/dev/null
    in_realm kadmin.local addprinc -pw "$PASSWORD" alice >/dev/null
    for service in "$@"; do
        in_realm kadmin.local addprinc -randkey "$service" >/dev/null
        in_realm kadmin.local ktadd -k /srv/keytab "$service" >/dev/null
    done
    serve env KRB5_CONFIG=/srv/krb5.conf KRB5_KDC_PROFILE=/srv/kdc.conf krb5kdc -n
    listening udp "$port"
    listening tcp "$port"
}

in_realm() { server env KRB5_CONFIG=/srv/krb5.conf KRB5_KDC_PROFILE=/srv/kdc.conf "$@"; }

# member COMMAND... runs it on the client, in the realm.
member() { client env KRB5_CONFIG=/srv/krb5.conf KRB5CCNAME=/srv/tickets "$@"; }

# login PASSWORD asks for alice's first ticket.
login() { echo "$1" | member kinit alice; }
