# shellcheck shell=bash
# Python's graypy, which tells Graylog what a program logs; here a socat listens for it.

# graylog PORT
graylog() {
    serve socat -u "UDP-RECV:$1" OPEN:/dev/null
    serve socat -u "TCP-LISTEN:$1,reuseaddr,fork" OPEN:/dev/null
    listening udp "$1"
    listening tcp "$1"
    put_client /srv/shop.py <<'PY'
import logging, sys, graypy
port = int(sys.argv[1])
log = logging.getLogger("shop")
log.setLevel(logging.DEBUG)
def tell(handler, *messages):
    log.addHandler(handler)
    for level, text, more in messages:
        log.log(level, text, extra=more)
    handler.close()
    log.removeHandler(handler)
tell(graypy.GELFUDPHandler("10.20.0.2", port, facility="shop"), (logging.WARNING, "Login of alice failed", {"user": "alice", "tries": 3}))
tell(graypy.GELFUDPHandler("10.20.0.2", port, compress=False), (logging.INFO, "An order of two bolts", {"order": 17}))
import random
random.seed(1)
long = "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(4000))
tell(graypy.GELFUDPHandler("10.20.0.2", port), (logging.ERROR, "A long letter " + long, {}))
tell(graypy.GELFTCPHandler("10.20.0.2", port), (logging.ERROR, "The printer is out of paper\nsince noon", {"printer": "lp1"}), (logging.DEBUG, "bye", {}))
PY
}
