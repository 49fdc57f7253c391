# shellcheck shell=bash
# rsyslog as a receiver, on 514 and 5140, UDP and TCP.

syslog_server() {
    local port
    {
        echo 'module(load="imudp")' && echo 'module(load="imtcp")'
        for port in 514 5140; do
            echo "input(type=\"imudp\" port=\"$port\" address=\"0.0.0.0\")"
            echo "input(type=\"imtcp\" port=\"$port\")"
        done
        echo '*.* /tmp/messages'
    } | put /srv/rsyslog.conf
    serve rsyslogd -n -f /srv/rsyslog.conf -i /tmp/rsyslog.pid
    for port in 514 5140; do
        listening udp $port
        listening tcp $port
    done
}
