#!/bin/bash
# Zabbix's agent: asked for items (by netcat, as a server asks), one of which it does not have; on its own port and on an odd one.
# packages: zabbix-agent netcat-openbsd
# ports: tcp/10050, tcp/5050
# expect: 3 tcp.srcport in {10050,5050} && tcp.payload contains "ZBXD"

. "${0%/*}/../lib.sh"
for port in 10050 5050; do
    mkdir -p "$WORK/server/srv/agent"
    printf '%s\n' "PidFile=/tmp/$port.pid" LogType=console Server=0.0.0.0/0 "ListenPort=$port" ListenIP=0.0.0.0 Hostname=server StartAgents=1 AllowRoot=1 |
        put /srv/agent/$port.conf
    serve zabbix_agentd -f -c /srv/agent/$port.conf
    listening tcp $port
done
capture tcp
# ask PORT HEADER KEY, as a Zabbix server does.
ask() { printf "$2%s" "$3" | client nc -q 1 server "$1" >/dev/null; }
ask 10050 'ZBXD\x01\x0a\0\0\0\0\0\0\0' agent.ping
ask 10050 'ZBXD\x01\x0c\0\0\0\0\0\0\0' no.such.item
ask 5050 'ZBXD\x01\x1b\0\0\0\0\0\0\0' 'vfs.file.exists[/etc/hosts]'
