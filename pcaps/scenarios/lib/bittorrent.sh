# shellcheck shell=bash
# A torrent of a small file, opentracker, and Transmission as one who has the file or wants it.

# torrent TRACKER... makes the file and /srv/example.torrent on both hosts.
torrent() {
    mkdir -p "$WORK/server/srv/files" "$WORK/client/srv/files"
    seq -f 'Line %g of an example that is shared.' 300 | put /srv/files/example.txt
    server transmission-create -o /srv/example.torrent -s 32 "${@/#/-t}" /srv/files/example.txt >>"$WORK/serve.log"
    cp "$WORK/server/srv/example.torrent" "$WORK/client/srv/example.torrent"
}

# tracker starts opentracker on port 6969, for this torrent alone.
tracker() {
    server transmission-show /srv/example.torrent | sed -n 's/^ *Hash: *//p' | put /srv/allowed
    serve opentracker -i $S4 -p 6969 -P 6969 -d /srv -w /allowed -u nobody # it sees nothing but /srv
    listening udp 6969
}

# peer HOST PORT UTP starts Transmission with the torrent: clear text, port PORT, with uTP (true) or without (false).
peer() {
    local host=$1 config
    config=$WORK/$host/srv/transmission
    mkdir -p "$config/torrents" "$WORK/$host/srv/watched"
    cp "$WORK/$host/srv/example.torrent" "$config/torrents/"
    cat >"$config/settings.json" <<CONF
{ "download-dir": "/srv/files", "peer-port": $2, "utp-enabled": $3, "encryption": 0, "dht-enabled": true, "pex-enabled": false,
  "lpd-enabled": false, "port-forwarding-enabled": false, "rpc-enabled": false, "peer-port-random-on-start": false,
  "trash-original-torrent-files": false, "message-level": 2 }
CONF
    "$PCAPS/inside.sh" "$NET" "$WORK" "$host" transmission-daemon -f -g /srv/transmission -c /srv/watched >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
}
