#!/bin/bash
# A server that sends its certificate with the authority's after it; TLS 1.2, no server name asked for.
# packages: openssl
# ports: tcp/443
# expect: 1 tls.handshake.certificates_length > 800
# never: tls.handshake.extensions_server_name

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate www.example.com
tls_server 443 -tls1_2 -cert_chain /srv/ca.pem -build_chain
capture tcp
tls_visit 443 -noservername
