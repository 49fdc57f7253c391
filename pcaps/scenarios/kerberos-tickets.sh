#!/bin/bash
# MIT Kerberos both sides: a wrong password, a right one, tickets for a web server and for a service that does not exist, an unknown user; then once more by TCP.
# packages: krb5-kdc krb5-admin-server krb5-user
# ports: udp/88 tcp/88
# expect: kerberos.msg_type==10
# expect: kerberos.msg_type==13
# expect: kerberos.error_code==6
# expect: kerberos && tcp

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/kerberos.sh"
realm 88 HTTP/www.example.com
capture udp or tcp
fails login wrong
login "$PASSWORD"
member kvno HTTP/www.example.com
fails member kvno cifs/nowhere.example.com
fails member kinit nobody </dev/null
echo 'udp_preference_limit = 1' | sed -i '/^\[libdefaults\]/r /dev/stdin' "$WORK/client/srv/krb5.conf"
login "$PASSWORD"
member kvno HTTP/www.example.com
