#!/bin/bash
# srt-live-transmit both sides: a film of ffmpeg's (MPEG-TS) over SRT, encrypted with a passphrase, under a name; one who knows it not.
# packages: srt-tools ffmpeg
# ports: udp/4900, udp/5349
# decode: udp.port==5349,srt
# expect: srt

. "${0%/*}/../lib.sh"
client ffmpeg -loglevel error -f lavfi -i testsrc=size=64x48:rate=5 -c:v mpeg2video -b:v 40k -t 3 -f mpegts -metadata service_name=Example /srv/film.ts
serve srt-live-transmit -q "srt://:4900?mode=listener&passphrase=a-long-passphrase" file://con
serve srt-live-transmit -q "srt://:5349?mode=listener" file://con
listening udp 4900
listening udp 5349
capture udp
client bash -c 'ffmpeg -loglevel error -re -i /srv/film.ts -c copy -f mpegts - |
    timeout 8 srt-live-transmit -q -chunk:1316 file://con "srt://server:4900?passphrase=a-long-passphrase&streamid=example/live"' >/dev/null 2>&1 || true
client bash -c 'ffmpeg -loglevel error -re -i /srv/film.ts -c copy -f mpegts - |
    timeout 8 srt-live-transmit -q -chunk:1316 file://con "srt://server:5349?streamid=publish:alice"' >/dev/null 2>&1 || true
