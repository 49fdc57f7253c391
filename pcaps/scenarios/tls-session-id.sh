#!/bin/bash
# TLS 1.2 resumed with the server's session id, without tickets.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.certificate
# expect: 2 tls.handshake.type==2 && tls.handshake.session_id_length==32

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443 -tls1_2 -no_ticket
capture tcp
tls_visit 443 -sess_out /srv/session
tls_visit 443 -sess_in /srv/session
