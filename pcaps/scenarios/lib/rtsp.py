#!/usr/bin/python3
"""GStreamer's RTSP server with a picture and a tone at /film, which anybody may see, or only alice.

    rtsp.py PORT [locked]
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=5/1 ! jpegenc quality=20 ! rtpjpegpay name=pay0 pt=26"
    " audiotestsrc is-live=true samplesperbuffer=320 ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )"
)
if "locked" in sys.argv:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(2)  # digest
    viewer = GstRtspServer.RTSPToken()
    viewer.set_string("media.factory.role", "viewer")
    auth.add_digest("alice", "correct-horse", viewer)
    server.set_auth(auth)
    factory.add_role_from_structure(Gst.Structure.new_from_string("viewer, media.factory.access=true, media.factory.construct=true"))
server.get_mount_points().add_factory("/film", factory)
server.attach(None)
GLib.MainLoop().run()
