#!/bin/bash
# nginx and curl, HTTP/2 in TLS 1.3, chosen by ALPN (which is not to be seen in the ServerHello), three requests.
# packages: nginx-light curl python3-minimal
# ports: tcp/443
# expect: 1 tls.handshake.type==1 && tls.handshake.extensions_alpn_str=="h2"
# expect: 1 tls.handshake.type==2

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
. "$PCAPS/scenarios/lib/http.sh"
authority
certificate www.example.com
TLS="$(nginx_tls www.example.com)" web 443 ssl http2
capture tcp
visit --cacert /srv/ca.pem https://www.example.com/{new.html,style.css,missing}
