# shellcheck shell=bash
# A hub of Direct Connect, and two peers at it.

# hub PORT starts uhub on the server.
hub() {
    put /srv/uhub.conf <<CONF
server_port=$1
server_bind_addr=any
hub_name=garden
hub_enabled=yes
show_banner=0
CONF
    serve uhub -c /srv/uhub.conf
    listening tcp "$1"
}

# peer NICK ADDRESS FIRST_COMMAND... gives what somebody types who is NICK, and gives it the time that its answers take.
peer() {
    local line nick=$1 address=$2
    shift 2
    sleep 1
    for line in "/set nick $nick" '/set tls_policy disabled' '/set sudp_policy disabled' "/set active_ip $address" "$@"; do
        printf '%s\r' "$line"
        sleep 0.5
    done
}

# meet HUB_PORT PEER_PORT lets bob share a file at the server, and alice at the client look for it.
meet() {
    put /srv/share/garden.txt <<TEXT
Roses are red.
TEXT
    mkdir -p "$WORK/server/srv/bob" "$WORK/client/srv/alice"
    {
        peer bob $S4 "/set active_port $2" '/set active true' '/share shared /srv/share' "/open garden adc://server:$1"
        sleep 11
        printf '/quit\r'
        sleep 1
    } | "$PCAPS/inside.sh" "$NET" "$WORK" server env LC_ALL=C.UTF-8 script -qc 'ncdc -c /srv/bob' /dev/null >"$WORK/bob.log" 2>&1 &
    local bob=$!
    {
        sleep 4
        peer alice $C4 '/set active false' "/open garden adc://server:$1"
        sleep 2
        printf '/search garden\r'
        sleep 1
        printf d # the one that was found is fetched
        sleep 3
        printf '\0331' # to the main window
        sleep 0.5
        printf '/quit\r'
        sleep 1
    } | client env LC_ALL=C.UTF-8 script -qc 'ncdc -c /srv/alice' /dev/null >"$WORK/alice.log" 2>&1
    wait "$bob"
}
