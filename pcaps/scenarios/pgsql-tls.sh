#!/bin/bash
# PostgreSQL and psql: SSLRequest, then everything in TLS.
# packages: postgresql postgresql-client openssl
# ports: tcp/5432
# expect: tls.handshake.type==1
# never: pgsql.query

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/pgsql.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate server.example.com
chown postgres "$WORK/server/srv/server.example.com.key"
pgsql_server 5432 ssl=on ssl_cert_file=/srv/server.example.com.pem ssl_key_file=/srv/server.example.com.key
capture tcp
sql 5432 <<<'SELECT 1;'
