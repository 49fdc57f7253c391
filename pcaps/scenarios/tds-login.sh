#!/bin/bash
# FreeTDS' tsql on an odd port, without encryption, against a server of ours: no package has one.
# packages: freetds-bin python3
# ports: tcp/11433
# decode: tcp.port==11433,tds
# expect: tds.query contains "INSERT INTO orders"

. "${0%/*}/../lib.sh"
serve python3 /mnt/tds_server.py 11433
listening tcp 11433
put_client /etc/freetds/freetds.conf <<'CONF'
[global]
	tds version = 7.4
	encryption = off
CONF
capture tcp
client env FREETDSCONF=/etc/freetds/freetds.conf tsql -o q -H server -p 11433 -U alice -P "$PASSWORD" -D shop -a billing >>"$WORK/serve.log" <<'SQL'
INSERT INTO orders VALUES (1, 'Bob Example')
go
SELECT id FROM orders WHERE customer = 'Bob Example'
go
bad
go
SQL
