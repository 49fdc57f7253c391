# shellcheck shell=bash
# munin-node with three plugins; Debian's master only speaks to it at cron's pace, so a hand at netcat asks what a master asks.

# node PORT
node() {
    local plugin plugins=$WORK/server/etc/munin/plugins
    cp -a /etc/munin "$WORK/server/etc/munin"
    rm -rf "$plugins" "$WORK/server/etc/munin/plugin-conf.d"
    mkdir "$plugins" "$WORK/server/etc/munin/plugin-conf.d"
    for plugin in load uptime users; do ln -s "/usr/share/munin/plugins/$plugin" "$plugins/$plugin"; done
    put /srv/munin-node.conf <<CONF
log_file /srv/node.log
log_level 4
pid_file /srv/node.pid
background 0
setsid 0
user root
group root
host_name server.example.com
allow ^10\.20\.0\.1$
allow ^127\.0\.0\.1$
host 10.20.0.2
port $1
CONF
    serve munin-node --config /srv/munin-node.conf
    listening tcp "$1"
}

# ask PORT
ask() {
    client sh -c "{ printf '%s\n' 'cap multigraph dirtyconfig' nodes 'list server.example.com' 'config load' 'fetch load' 'fetch missing' version frobnicate; sleep 3; echo quit; sleep 1; } | nc -N server $1" >/dev/null
}
