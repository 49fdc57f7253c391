#!/bin/bash
# PostgreSQL and psql: log in (SCRAM), create, insert, select, update, delete, drop; then a statement that is wrong.
# packages: postgresql postgresql-client
# ports: tcp/5432
# expect: pgsql.parameter_name=="user"
# expect: pgsql.query contains "INSERT INTO orders"
# expect: pgsql.code=="42P01"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/pgsql.sh"
. "$PCAPS/scenarios/lib/sql.sh"
pgsql_server 5432
capture tcp
sql 5432 <<<"$STATEMENTS"
fails sql 5432 <<<'SELECT * FROM missing;'
