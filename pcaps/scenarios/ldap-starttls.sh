#!/bin/bash
# OpenLDAP both sides: StartTLS, then a search that nobody can read.
# packages: slapd ldap-utils openssl
# ports: tcp/389
# expect: ldap.requestName=="1.3.6.1.4.1.1466.20037"
# expect: tls.handshake.type==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ldap.sh"
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=server.example.com -keyout "$WORK/server/srv/key.pem" -out "$WORK/server/srv/cert.pem" 2>/dev/null
directory 389 "TLSCertificateFile /srv/cert.pem" "TLSCertificateKeyFile /srv/key.pem"
capture tcp
client env LDAPTLS_REQCERT=allow ldapsearch -ZZ -x -LLL -H ldap://server -D uid=alice,ou=people,dc=example,dc=com -w "$PASSWORD" -b dc=example,dc=com
