#!/bin/bash
# ClickHouse and its client: a table made, written and read, one that is not there, and a wrong password.
# packages: clickhouse-server clickhouse-client
# ports: tcp/9000
# expect: tcp.payload contains "ClickHouse"
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/clickhouse.sh"
clickhouse 9000
capture tcp
work 9000
