#!/bin/bash
# MIT Kerberos both sides on an odd port: a first ticket and one for a host.
# packages: krb5-kdc krb5-admin-server krb5-user
# ports: udp/8800
# decode: udp.port==8800,kerberos
# expect: kerberos.msg_type==11
# expect: kerberos.msg_type==13

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/kerberos.sh"
realm 8800 host/server.example.com
capture udp
login "$PASSWORD"
member kvno host/server.example.com
