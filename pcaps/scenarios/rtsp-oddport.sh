#!/bin/bash
# GStreamer's RTSP server and ffmpeg on an odd port: picture and tone come between the answers on one TCP connection.
# packages: gstreamer1.0-tools gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-base python3-gi ffmpeg
# ports: tcp/18554
# decode: tcp.port==18554,rtsp
# expect: rtsp.method=="PLAY"
# expect: rtp

. "${0%/*}/../lib.sh"
serve /usr/bin/python3 /mnt/scenarios/lib/rtsp.py 18554
listening tcp 18554
capture tcp
client ffmpeg -loglevel error -analyzeduration 400000 -rtsp_transport tcp -i rtsp://server:18554/film -t 1 -f null -
