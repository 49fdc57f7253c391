#!/bin/bash
# Four connections: TLS 1.2 and resumed with its ticket, TLS 1.3 and resumed with its ticket (pre-shared key).
# packages: openssl
# ports: tcp/443
# expect: 4 tls.handshake.type==1
# expect: 1 tls.handshake.certificate
# expect: 1 tls.handshake.type==2 && tls.handshake.extension.type==41

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443
capture tcp
for version in -tls1_2 -tls1_3; do
    tls_visit 443 $version -sess_out /srv/session
    tls_visit 443 $version -sess_in /srv/session
done
