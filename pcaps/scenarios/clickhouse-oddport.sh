#!/bin/bash
# ClickHouse and its client on an odd port: the same as clickhouse-letters.
# packages: clickhouse-server clickhouse-client
# ports: tcp/19900
# expect: tcp.payload contains "ClickHouse"
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/clickhouse.sh"
clickhouse 19900
capture tcp
work 19900
