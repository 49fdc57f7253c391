# shellcheck shell=bash
# PostgreSQL with a database `shop` for alice, and psql.

# pgsql_server PORT [NAME=VALUE...] makes an empty cluster and starts it.
pgsql_server() {
    local port=$1 bin option options=()
    shift
    bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres)")
    for option in "$@"; do options+=(-c "$option"); done
    mkdir -p "$WORK/server/srv/pg"
    chown postgres "$WORK/server/srv/pg"
    server setpriv --reuid=postgres --clear-groups "$bin/initdb" -D /srv/pg -A trust --no-sync >>"$WORK/serve.log"
    printf '%s\n' 'local all all trust' 'host all all all scram-sha-256' >"$WORK/server/srv/pg/pg_hba.conf"
    serve setpriv --reuid=postgres --clear-groups "$bin/postgres" -D /srv/pg -p "$port" -k /tmp -c "listen_addresses=*" -c fsync=off "${options[@]}"
    listening tcp "$port"
    sleep 1
    server psql -q -h /tmp -p "$port" -U postgres -c "CREATE ROLE alice LOGIN PASSWORD '$PASSWORD'" -c 'CREATE DATABASE shop OWNER alice'
}

# sql PORT [OPTION...] runs statements from standard input as alice.
sql() {
    local port=$1
    shift
    client env "PGPASSWORD=$PASSWORD" psql -q -v ON_ERROR_STOP=1 "host=server port=$port user=alice dbname=shop" "$@" >>"$WORK/serve.log"
}
