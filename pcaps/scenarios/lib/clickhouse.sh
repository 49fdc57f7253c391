# shellcheck shell=bash
# ClickHouse with alice as a user, and its client.

# clickhouse PORT
clickhouse() {
    mkdir -p "$WORK/server/srv/click"
    put /srv/config.xml <<XML
<yandex>
  <logger><level>error</level><console>1</console></logger>
  <tcp_port>$1</tcp_port>
  <http_port>18123</http_port>
  <listen_host>$S4</listen_host>
  <path>/srv/click/</path>
  <tmp_path>/srv/click/tmp/</tmp_path>
  <format_schema_path>/srv/click/schemas/</format_schema_path>
  <users_config>/srv/users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>5368709</mark_cache_size>
</yandex>
XML
    put /srv/users.xml <<XML
<yandex>
  <profiles><default><max_memory_usage>100000000</max_memory_usage></default></profiles>
  <users>
    <alice><password>$PASSWORD</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></alice>
    <default><password>unused</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota></default>
  </users>
  <quotas><default/></quotas>
</yandex>
XML
    serve clickhouse-server --config-file=/srv/config.xml
    listening tcp "$1"
}

# work PORT
work() {
    local to=(clickhouse-client --host "$S4" --port "$1" --user alice)
    client "${to[@]}" --password "$PASSWORD" -n --query "CREATE TABLE letters (number UInt32, text String) ENGINE = Memory; INSERT INTO letters VALUES (17, 'Dear Bob'); SELECT * FROM letters WHERE number = 17" >/dev/null
    fails client "${to[@]}" --password "$PASSWORD" --query "SELECT * FROM missing" 2>/dev/null
    fails client "${to[@]}" --password letmein --query "SELECT 1" 2>/dev/null
}
