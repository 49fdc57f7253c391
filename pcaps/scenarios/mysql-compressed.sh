#!/bin/bash
# MariaDB and its client, which asks for compression.
# packages: mariadb-server mariadb-client
# ports: tcp/3306
# expect: mysql.compressed_packet_length

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mysql.sh"
. "$PCAPS/scenarios/lib/sql.sh"
mysql_server 3306
capture tcp
sql 3306 --compress <<<"$STATEMENTS"
