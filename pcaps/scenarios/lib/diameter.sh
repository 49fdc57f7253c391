# shellcheck shell=bash
# freeDiameter on both hosts, without TLS.

# peer HOST PORT LINE writes a host's configuration; the line says of the other one.
peer() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$1.example.com" -keyout "$WORK/$1/srv/key.pem" \
        -out "$WORK/$1/srv/cert.pem" 2>/dev/null
    text "$WORK/$1/srv/diameter.conf" <<CONF
Identity = "$1.example.com";
Realm = "example.com";
Port = $2;
SecPort = 0;
No_SCTP;
No_IPv6;
TwTimer = 6;
TLS_Cred = "/srv/cert.pem", "/srv/key.pem";
TLS_CA = "/srv/cert.pem";
$3
CONF
}

# peers PORT starts the server.
peers() {
    peer server "$1" 'ConnectPeer = "client.example.com" { ConnectTo = "127.0.0.9"; No_TLS; };'
    peer client "$1" "ConnectPeer = \"server.example.com\" { ConnectTo = \"$S4\"; No_TLS; Port = $1; };"
    serve freeDiameterd -c /srv/diameter.conf
    listening tcp "$1"
}

# meet lets the client be there for a while.
meet() { client timeout -s TERM 12 freeDiameterd -c /srv/diameter.conf >/dev/null || true; }
