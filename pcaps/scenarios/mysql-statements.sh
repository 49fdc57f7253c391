#!/bin/bash
# MariaDB and its client: log in, create, insert, select, update, delete, drop; then a statement that is wrong.
# packages: mariadb-server mariadb-client
# ports: tcp/3306
# expect: 2 mysql.user=="alice"
# expect: mysql.query contains "INSERT INTO orders"
# expect: mysql.error_code==1146

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mysql.sh"
. "$PCAPS/scenarios/lib/sql.sh"
mysql_server 3306
capture tcp
sql 3306 <<<"$STATEMENTS"
fails sql 3306 <<<'SELECT * FROM missing;'
