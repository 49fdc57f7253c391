# shellcheck shell=bash
# TigerVNC's server, with a small screen of its own, and its viewer, whose screen is another such server's that nobody sees.

# vnc_server PORT SECURITY-TYPE starts it; the password is "example".
vnc_server() {
    mkdir -p "$WORK"/{server,client}/tmp/.X11-unix
    chmod 1777 "$WORK"/{server,client}/tmp/.X11-unix
    echo example | client vncpasswd -f >"$WORK/server/srv/vnc.passwd"
    cp "$WORK/server/srv/vnc.passwd" "$WORK/client/srv/"
    serve Xtigervnc :1 -rfbport "$1" -SecurityTypes "$2" -PasswordFile /srv/vnc.passwd -geometry 160x120 -depth 16 -desktop "alice's desk"
    listening tcp "$1"
}

# watch PORT [OPTION...] looks at it for two seconds, or for $WATCHED.
watch() {
    local port=$1
    shift
    "$PCAPS/inside.sh" "$NET" "$WORK" client Xtigervnc :2 -rfbport -1 -SecurityTypes None -geometry 320x240 >>"$WORK/serve.log" 2>&1 &
    disown
    sleep 1
    client timeout "${WATCHED:-2}" env DISPLAY=:2 xtigervncviewer -passwd /srv/vnc.passwd "$@" "server::$port" >>"$WORK/serve.log" 2>&1 || true
}
