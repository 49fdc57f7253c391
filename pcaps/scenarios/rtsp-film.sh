#!/bin/bash
# GStreamer's RTSP server and ffmpeg: a picture and a tone by RTP over UDP, a path that is not there; and one that wants alice's name: a wrong password, then the right one.
# packages: gstreamer1.0-tools gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-base python3-gi ffmpeg
# ports: tcp/554, tcp/8554, media to and from ports of their own
# expect: rtsp.method=="PLAY"
# expect: rtsp.status==401
# expect: rtp

. "${0%/*}/../lib.sh"
serve /usr/bin/python3 /mnt/scenarios/lib/rtsp.py 554
serve /usr/bin/python3 /mnt/scenarios/lib/rtsp.py 8554 locked
listening tcp 554
listening tcp 8554
capture
watch() { client ffmpeg -loglevel error -analyzeduration 400000 "$@" -t 1 -f null - ; }
watch -rtsp_transport udp -i rtsp://server/film
fails watch -rtsp_transport udp -i rtsp://server/nowhere
fails watch -rtsp_transport udp -i rtsp://alice:wrong@server:8554/film
watch -rtsp_transport udp -i "rtsp://alice:$PASSWORD@server:8554/film"
