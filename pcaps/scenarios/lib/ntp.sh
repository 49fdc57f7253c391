# shellcheck shell=bash
# chrony as a server that takes its own clock for a good one, asked by one-shot clients. It never sets a clock (-x).

# time_server PORT [STRATUM]
time_server() {
    put /srv/chrony.conf <<CONF
port $1
local stratum ${2:-5}
allow
cmdport 0
pidfile /run/chronyd.pid
driftfile /tmp/drift
CONF
    serve chronyd -n -x -u root -f /srv/chrony.conf
    listening udp "$1"
}

# ask_time PORT asks as a client of chrony, which tells nothing of its own clock, and sets none.
ask_time() {
    put_client /srv/client.conf <<CONF
server $S4 port $1 iburst maxsamples 4
pidfile /run/chronyd.pid
cmdport 0
CONF
    client chronyd -x -u root -Q -t 10 -f /srv/client.conf >/dev/null 2>&1 || true
}
