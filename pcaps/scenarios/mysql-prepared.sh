#!/bin/bash
# MariaDB on an odd port and Perl's DBI: a statement prepared once and executed three times, one of them in vain.
# packages: mariadb-server mariadb-client libdbi-perl libdbd-mariadb-perl
# ports: tcp/13306
# decode: tcp.port==13306,mysql
# expect: mysql.command==22
# expect: mysql.command==23

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mysql.sh"
mysql_server 13306
put_client /srv/orders.pl <<PERL
use DBI;
my \$db = DBI->connect("DBI:MariaDB:database=shop;host=server;port=13306", "alice", "$PASSWORD", {RaiseError => 1, PrintError => 0});
\$db->do("CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(40))");
my \$insert = \$db->prepare("INSERT INTO orders VALUES (?, ?)", {mariadb_server_prepare => 1});
\$insert->execute(1, "Bob Example");
\$insert->execute(2, "Carol Example");
eval { \$insert->execute(2, "Dave Example") };
print join(",", @\$_), "\n" for @{\$db->selectall_arrayref("SELECT * FROM orders WHERE id < 3")};
\$db->disconnect;
PERL
capture tcp
client perl /srv/orders.pl >>"$WORK/serve.log"
