# shellcheck shell=bash
# ZeroMQ both sides, by Python: a question and its answer.

# zeromq MECHANISM PORT PASSWORD
zeromq() {
    local both
    for both in put put_client; do $both /srv/talk.py <<'PY'
import hashlib, sys, zmq
from zmq.auth.thread import ThreadAuthenticator
side, mechanism, port, password = sys.argv[1:]
c = zmq.Context()
def keys(seed):
    secret = zmq.utils.z85.encode(hashlib.sha256(seed).digest())
    return zmq.curve_public(secret), secret
if side == "server":
    auth = ThreadAuthenticator(c)
    auth.start()
    auth.configure_plain(domain="*", passwords={"alice": "correct-horse"})
    auth.configure_curve(domain="*", location=zmq.auth.CURVE_ALLOW_ANY)
    s = c.socket(zmq.REP)
    if mechanism == "plain":
        s.plain_server = True
    if mechanism == "curve":
        s.curve_server, (s.curve_publickey, s.curve_secretkey) = True, keys(b"server")
    s.bind(f"tcp://*:{port}")
    while True:
        s.send(b"Dear " + s.recv())
else:
    s = c.socket(zmq.REQ)
    s.linger = 0
    s.identity = b"desk-1"
    if mechanism == "plain":
        s.plain_username, s.plain_password = b"alice", password.encode()
    if mechanism == "curve":
        s.curve_serverkey, (s.curve_publickey, s.curve_secretkey) = keys(b"server")[0], keys(b"client")
    s.connect(f"tcp://server:{port}")
    for word in b"Bob", b"Carol" * 60:
        s.send(word)
        if s.poll(1500) == 0:
            print("nobody answers")
            break
        print(s.recv())
    s.close()
    c.term()
PY
    done
    serve /usr/bin/python3 /srv/talk.py server "$1" "$2" -
    listening tcp "$2"
}

# talk MECHANISM PORT PASSWORD
talk() { client /usr/bin/python3 /srv/talk.py client "$@" >/dev/null; }
