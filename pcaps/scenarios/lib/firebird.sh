# shellcheck shell=bash
# Firebird with alice as a user, a database of hers, and her working day at isql.

# firebird PORT
firebird() {
    local s=$WORK/server config
    config=$s/etc/firebird
    cp -a /etc/firebird "$config"
    mkdir -p "$s/srv/db" "$s/run/firebird/firebird3.0"
    sed -i "/^RemoteBindAddress/d" "$config/3.0/firebird.conf"
    cat >>"$config/3.0/firebird.conf" <<CONF
RemoteServicePort = $1
RemoteBindAddress = $S4
WireCrypt = Enabled
SecurityDatabase = /srv/db/security.fdb
AuthServer = Srp, Legacy_Auth
UserManager = Srp
DatabaseAccess = Full
CONF
    printf 'letters = /srv/db/letters.fdb\n' >>"$config/3.0/databases.conf"
    echo "create database '/srv/db/security.fdb'; create user SYSDBA password 'unused'; create user alice password '$PASSWORD'; commit;" |
        server env FIREBIRD_LOCK=/tmp isql-fb -user SYSDBA -q
    printf "create database '/srv/db/letters.fdb'; create table letters (number int, text varchar(40)); grant all on letters to alice; commit;\n" |
        server env FIREBIRD_LOCK=/tmp isql-fb -user SYSDBA -q
    chmod -R a+rwX "$s/srv/db"
    serve env FIREBIRD_LOCK=/tmp firebird
    listening tcp "$1"
}

# work PORT
work() {
    local to=$S4/$1
    client isql-fb -q -user alice -password "$PASSWORD" "$to:letters" >/dev/null 2>&1 <<'SQL' || true
insert into letters values (17, 'Dear Bob');
select * from letters where number = 17;
select * from missing;
commit;
SQL
    fails client isql-fb -q -b -user alice -password letmein "$to:letters" </dev/null 2>/dev/null
    fails client isql-fb -q -b -user alice -password "$PASSWORD" "$to:missing" </dev/null 2>/dev/null
}
