#!/bin/bash
# PostgreSQL on an odd port and pgbench: tables made and filled by COPY, then a few prepared transactions.
# packages: postgresql postgresql-client postgresql-contrib
# ports: tcp/6432
# decode: tcp.port==6432,pgsql
# expect: pgsql.type=="Parse"
# expect: pgsql.type=="Bind"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/pgsql.sh"
pgsql_server 6432
put_client /srv/orders.sql <<'SQL'
\set id random(1, 2)
UPDATE orders SET price = price + 1 WHERE id = :id;
SELECT customer, price FROM orders WHERE id = :id;
SQL
capture tcp
sql 6432 <<'SQL'
CREATE TABLE orders (id INT, customer TEXT, price INT);
COPY orders FROM STDIN;
1	Bob Example	9
2	Carol Example	120
\.
SQL
client env "PGPASSWORD=$PASSWORD" pgbench -n -M prepared -t 4 -f /srv/orders.sql -h server -p 6432 -U alice shop >>"$WORK/serve.log" 2>&1
