# shellcheck shell=bash
# coturn.

# turn_server PORT starts a relay that knows alice.
turn_server() {
    serve turnserver -n --lt-cred-mech -u "alice:$PASSWORD" -r example.org -L $S4 -E $S4 -p "$1" --no-tls --no-dtls --no-cli \
        --allow-loopback-peers --min-port 49160 --max-port 49200 --log-file stdout --pidfile /tmp/turnserver.pid
    listening udp "$1"
}
