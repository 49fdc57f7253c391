#!/bin/bash
# MariaDB on an odd port: a wrong password, refused; then alice, who may not see another database.
# packages: mariadb-server mariadb-client
# ports: tcp/33061
# decode: tcp.port==33061,mysql
# expect: mysql.error_code==1045
# expect: mysql.error_code==1044

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mysql.sh"
mysql_server 33061
capture tcp
fails client mariadb --no-defaults -h server -P 33061 -u alice -pletmein -e 'SELECT 1'
fails sql 33061 -e 'USE mysql;'
