#!/bin/bash
# Android's debugger server greets what should be a device, on its own port and on an odd one: nothing but a deaf socat is there.
# packages: adb socat
# ports: tcp/5555, tcp/15555
# expect: 2 tcp.payload contains "CNXN"

. "${0%/*}/../lib.sh"
for port in 5555 15555; do
    serve socat -u "TCP-LISTEN:$port,reuseaddr,fork" OPEN:/dev/null
    listening tcp $port
done
"$PCAPS/inside.sh" "$NET" "$WORK" client env HOME=/srv adb -P 5037 nodaemon server >>"$WORK/serve.log" 2>&1 </dev/null &
disown
sleep 1
capture tcp
for port in 5555 15555; do
    client env HOME=/srv timeout 3 adb connect "$S4:$port" >/dev/null || true
done
