# shellcheck shell=bash
# MariaDB with a database `shop` for alice, and its client.

# mysql_server PORT [OPTION...] makes an empty server and starts it.
mysql_server() {
    local port=$1
    shift
    server mariadb-install-db --no-defaults --user=root --datadir=/srv/mysql --auth-root-authentication-method=normal --skip-test-db >>"$WORK/serve.log" 2>&1
    put /srv/init.sql <<SQL
CREATE DATABASE shop;
CREATE USER alice@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON shop.* TO alice@'%';
SQL
    serve mariadbd --no-defaults --user=root --datadir=/srv/mysql --port="$port" --socket=/run/mysql.sock --init-file=/srv/init.sql \
        --skip-name-resolve --innodb-buffer-pool-size=8M --bind-address=0.0.0.0 "$@"
    listening tcp "$port"
}

# sql PORT [OPTION...] runs statements from standard input as alice.
sql() {
    local port=$1
    shift
    client mariadb --no-defaults -h server -P "$port" --protocol=tcp -u alice "-p$PASSWORD" "$@" shop >>"$WORK/serve.log"
}
