#!/bin/bash
# FreeTDS' tsql and TLS for its login alone, against a server of ours: no package has one.
# packages: freetds-bin python3 openssl
# ports: tcp/1433
# expect: tds.query contains "SELECT id"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
authority
certificate server.example.com
serve python3 /mnt/tds_server.py 1433 /srv/server.example.com.pem /srv/server.example.com.key
listening tcp 1433
put_client /etc/freetds/freetds.conf <<'CONF'
[global]
	tds version = 7.4
	encryption = request
CONF
capture tcp
client env FREETDSCONF=/etc/freetds/freetds.conf tsql -o q -H server -p 1433 -U alice -P "$PASSWORD" -D shop >>"$WORK/serve.log" <<'SQL'
SELECT id FROM orders
go
SQL
