#!/bin/bash
# A film of ffmpeg's by MPEG-TS over UDP, seven packets in a datagram, to an odd port; then by RTP to another.
# packages: ffmpeg
# ports: udp/1234, udp/15004
# decode: udp.port==1234,mp2t udp.port==15004,rtp
# expect: mp2t

. "${0%/*}/../lib.sh"
serve socat -u UDP-LISTEN:1234 /dev/null
serve socat -u UDP-LISTEN:15004 /dev/null
serve socat -u UDP-LISTEN:15005 /dev/null
listening udp 1234
capture udp
film() {
    client ffmpeg -loglevel error -re -f lavfi -i testsrc=size=64x48:rate=5 -f lavfi -i sine=frequency=440 -c:v mpeg2video -b:v 40k -c:a mp2 -b:a 32k -t 1.5 \
        -metadata service_name=Example -metadata service_provider=Tapline "$@"
}
film -f mpegts 'udp://server:1234?pkt_size=1316'
film -f rtp_mpegts 'rtp://server:15004'
