#!/bin/bash
# PostgreSQL on an odd port: a wrong password, and a database that does not exist.
# packages: postgresql postgresql-client
# ports: tcp/15432
# decode: tcp.port==15432,pgsql
# expect: pgsql.code=="28P01"
# expect: pgsql.code=="3D000"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/pgsql.sh"
pgsql_server 15432
capture tcp
fails client env PGPASSWORD=letmein psql 'host=server port=15432 user=alice dbname=shop' -c 'SELECT 1'
fails client env "PGPASSWORD=$PASSWORD" psql 'host=server port=15432 user=alice dbname=nothing' -c 'SELECT 1'
