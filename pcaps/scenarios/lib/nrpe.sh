# shellcheck shell=bash
# The NRPE daemon with two commands, and Nagios' plugin that asks for them.

# daemon PORT
daemon() {
    put /srv/nrpe.cfg <<CONF
server_port=$1
nrpe_user=nobody
nrpe_group=nogroup
allowed_hosts=10.20.0.1
dont_blame_nrpe=0
allow_bash_command_substitution=0
command_timeout=60
connection_timeout=300
pid_file=/tmp/nrpe.pid
command[check_greeting]=/bin/echo hello
command[check_size]=/bin/echo 'size is 17|size=17'
command[check_broken]=/bin/false
CONF
    serve nrpe -c /srv/nrpe.cfg -f "${@:2}"
    listening tcp "$1"
}

# ask PORT OPTIONS... asks for four commands, one of which is not there
ask() {
    local plain=(/usr/lib/nagios/plugins/check_nrpe -H "$S4" -p "$@")
    client "${plain[@]}" >/dev/null
    client "${plain[@]}" -c check_greeting >/dev/null
    client "${plain[@]}" -2 -c check_size >/dev/null
    fails client "${plain[@]}" -2 -c check_broken >/dev/null
    fails client "${plain[@]}" -3 -c check_missing >/dev/null
    fails client "${plain[@]}" -c check_greeting -a "; id" >/dev/null
}
