#!/bin/bash
# qstat asks for a game of Source's, on its usual port and on an odd one; nobody answers.
# packages: qstat socat
# ports: udp/27015, udp/37015
# expect: udp.payload contains "Source Engine Query"

. "${0%/*}/../lib.sh"
for port in 27015 37015; do
    serve socat -u "UDP-RECV:$port" OPEN:/dev/null
    listening udp $port
done
capture udp
client quakestat -nh -P -R -interval 0.2 -retry 2 -a2s "$S4:27015" >/dev/null || true
client quakestat -nh -P -R -interval 0.2 -retry 2 -a2s "$S4:37015" >/dev/null || true
