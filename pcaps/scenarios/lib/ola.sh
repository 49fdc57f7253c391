# shellcheck shell=bash
# OLA both sides, each with one plugin alone; olad does not run as root.

OLA=(setpriv --reuid 2001 --regid 2001 --clear-groups)

# lights PLUGIN: olad on both hosts, with what standard input says to the plugin.
lights() {
    local host address file said
    said=$(cat)
    for host in client server; do
        address=$C4
        [ $host = client ] || address=$S4
        ip -n "$NET-$host" addr del "$address/24" dev eth0 # once more, with an address that all listen to
        ip -n "$NET-$host" addr add "$address/24" brd + dev eth0
        ip -n "$NET-$host" route add 224.0.0.0/4 dev eth0
        mkdir -p "$WORK/$host/srv/ola"
        for file in artnet dummy e131 espnet ftdidmx gpio kinet milinst nanoleaf opendmx openpixelcontrol osc pathport renard sandnet shownet spi spidmx stageprofi uartdmx usbdmx usbserial; do
            echo "enabled = false" >"$WORK/$host/srv/ola/ola-$file.conf"
        done
        echo "$said" >"$WORK/$host/srv/ola/ola-$1.conf"
        chown -R 2001:2001 "$WORK/$host/srv/ola"
    done
    serve "${OLA[@]}" olad -c /srv/ola --no-http -l 3
    "$PCAPS/inside.sh" "$NET" "$WORK" client "${OLA[@]}" olad -c /srv/ola --no-http -l 3 >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
    listening tcp 9010
    sleep 2
}
