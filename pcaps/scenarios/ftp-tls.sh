#!/bin/bash
# vsftpd and curl with AUTH TLS: the rest of the control connection and the data are TLS 1.2.
# packages: vsftpd curl openssl
# ports: tcp/21
# expect: ftp.request.command=="AUTH"
# expect: ftp.response.code==234
# expect: tls.handshake.type==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ftp.sh"
. "$PCAPS/scenarios/lib/tls.sh"
KEY=(rsa:2048)
authority
certificate server.example.com
ftp_server 21 ssl_enable=YES rsa_cert_file=/srv/server.example.com.pem rsa_private_key_file=/srv/server.example.com.key require_ssl_reuse=NO ssl_ciphers=HIGH
capture tcp
fetch --ssl-reqd --tls-max 1.2 --cacert /srv/ca.pem ftp://server.example.com/papers/report.txt
