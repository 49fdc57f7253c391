# shellcheck shell=bash
# RabbitMQ on a port, and STOMP on another, with alice as an account; what it says to itself stays on the server.
rabbitmq() { # PORT STOMP_PORT
    put /srv/rabbitmq.conf <<CONF
listeners.tcp.1 = 0.0.0.0:$1
stomp.listeners.tcp.1 = 0.0.0.0:$2
default_user = alice
default_pass = $PASSWORD
loopback_users = none
CONF
    echo '[rabbitmq_stomp].' | put /srv/enabled_plugins
    server chmod 777 /srv
    ip -n "$NET-server" link set lo up
    serve env HOME=/srv RABBITMQ_NODENAME=bus@localhost RABBITMQ_CONFIG_FILE=/srv/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE=/srv/enabled_plugins \
        RABBITMQ_MNESIA_BASE=/srv/data RABBITMQ_LOG_BASE=/srv/log RABBITMQ_PID_FILE=/srv/pid RABBITMQ_DIST_PORT=25000 /usr/lib/rabbitmq/bin/rabbitmq-server
    local try
    for try in 1 2 3 4 5 6; do
        if listening tcp "$2" 2>/dev/null; then break; fi
    done
    listening tcp "$1"
}
