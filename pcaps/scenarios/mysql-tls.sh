#!/bin/bash
# MariaDB and its client: greeting, request for TLS, then everything in TLS.
# packages: mariadb-server mariadb-client openssl
# ports: tcp/3306
# expect: tls.handshake.type==1
# never: mysql.query

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mysql.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate server.example.com
mysql_server 3306 --ssl-ca=/srv/ca.pem --ssl-cert=/srv/server.example.com.pem --ssl-key=/srv/server.example.com.key
capture tcp
sql 3306 --ssl-ca=/srv/ca.pem <<<'SELECT 1;'
