#!/bin/bash
# GnuTLS both sides: TLS 1.3, then 1.2 with DHE and an RSA certificate.
# packages: gnutls-bin openssl
# ports: tcp/5556
# decode: tcp.port==5556,tls
# expect: 2 tls.handshake.type==1
# expect: 1 tls.handshake.type==2 && tls.handshake.extensions.supported_version==0x0304
# expect: 1 tls.handshake.type==12

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
KEY=(rsa:2048)
authority
certificate www.example.com
serve gnutls-serv --http -q -p 5556 --x509certfile /srv/www.example.com.pem --x509keyfile /srv/www.example.com.key
listening tcp 5556
capture tcp
for priority in NORMAL NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA; do
    printf 'GET / HTTP/1.0\r\n\r\n' | client gnutls-cli --x509cafile /srv/ca.pem --priority $priority -p 5556 www.example.com
done
