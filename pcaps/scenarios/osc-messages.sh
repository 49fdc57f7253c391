#!/bin/bash
# oscsend and oscdump of liblo: messages of each kind of argument, on the port that synthesizers take and on an odd one.
# packages: liblo-tools
# ports: udp/7770, udp/19999
# expect: 5 udp.port==7770

. "${0%/*}/../lib.sh"
for port in 7770 19999; do
    serve oscdump $port
    listening udp $port
done
capture udp
send() { local port=$1 && shift && client oscsend "osc.udp://$S4:$port" "$@"; }
send 7770 /synth/osc/1/freq f 440.0
send 7770 /synth/note iif 60 100 0.5
send 7770 /synth/patch sTFN "a patch called Wolke"
send 7770 /mixer/position hd 1234567890123 2.25
send 7770 /panic N
send 19999 /1/fader3 f 0.75
send 19999 /cue/go sm intro 90407f00
