#!/bin/bash
# wpa_supplicant's eapol_test asks FreeRADIUS on an odd port: PEAP with MSCHAPv2, in pieces of 600 bytes.
# packages: freeradius eapoltest openssl
# ports: udp/18120
# decode: udp.port==18120,radius
# expect: eap.type==25
# expect: radius.code==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/radius.sh"
access_server 18120
put_client /srv/peap.conf <<CONF
network={
    key_mgmt=WPA-EAP
    eap=PEAP
    anonymous_identity="anonymous@example.com"
    identity="alice"
    password="$PASSWORD"
    phase2="auth=MSCHAPV2"
}
CONF
capture udp
client eapol_test -c /srv/peap.conf -a $S4 -p 18120 -s shared-secret -M 02:00:00:00:20:01 >/dev/null
