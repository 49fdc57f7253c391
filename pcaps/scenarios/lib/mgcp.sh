# shellcheck shell=bash
# osmo-mgw, and a call agent that Osmocom's client library speaks for.

gateway() {
    put /srv/mgw.cfg <<CONF
mgcp
 bind ip 10.20.0.2
 bind port $1
 rtp bind-ip 10.20.0.2
 rtp port-range 4002 4100
 sdp audio payload number 8
 sdp audio payload name PCMA
 number endpoints 31
CONF
    serve osmo-mgw -s -c /srv/mgw.cfg
    listening udp "$1"
    # shellcheck disable=SC2046 # flags, to be split
    cc -o "$WORK/client/srv/agent" "$PCAPS/scenarios/lib/mgcp.c" $(pkg-config --cflags --libs libosmo-mgcp-client libosmocore)
}

agent() { client /srv/agent "$S4" "$1" >/dev/null 2>&1; }
