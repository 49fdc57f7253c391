# shellcheck shell=bash
# xrdp, without sessions behind it, and FreeRDP on a screen that nobody sees.

# xrdp_server PORT LAYER starts it with a certificate of its own.
xrdp_server() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=server.example.com" \
        -keyout "$WORK/server/srv/key.pem" -out "$WORK/server/srv/cert.pem" 2>/dev/null
    sed -e "s/^port=3389/port=$1/; s/^security_layer=.*/security_layer=$2/; s#^certificate=.*#certificate=/srv/cert.pem#; s#^key_file=.*#key_file=/srv/key.pem#" \
        -e 's#^LogFile=.*#LogFile=/srv/xrdp.log#; s/^EnableSyslog=.*/EnableSyslog=false/' /etc/xrdp/xrdp.ini >"$WORK/server/srv/xrdp.ini"
    chmod -R a+rX "$WORK/server/srv"
    serve xrdp --nodaemon --config /srv/xrdp.ini
    listening tcp "$1"
}

# visit PORT OPTION... connects as alice for two seconds.
visit() {
    local port=$1
    shift
    mkdir -p "$WORK/client/tmp/.X11-unix"
    chmod 1777 "$WORK/client/tmp/.X11-unix"
    "$PCAPS/inside.sh" "$NET" "$WORK" client Xvfb :3 -screen 0 320x240x16 >>"$WORK/serve.log" 2>&1 &
    disown
    sleep 1
    client timeout 2 env DISPLAY=:3 xfreerdp /v:server:"$port" /u:alice /p:"$PASSWORD" /cert:ignore /size:160x120 /bpp:8 "$@" >>"$WORK/serve.log" 2>&1 || true
}
