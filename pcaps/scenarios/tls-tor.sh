#!/bin/bash
# Tor both sides, a bridge and a client that knows it: what their TLS looks like, on Tor's port and on that of HTTPS.
# packages: tor
# ports: tcp/9001, tcp/443
# decode: tcp.port==9001,tls
# expect: tls.handshake.type==1

. "${0%/*}/../lib.sh"
for port in 9001 443; do
    mkdir -p "$WORK/server/srv/$port" "$WORK/client/srv/$port"
    put /srv/torrc.$port <<CONF
DataDirectory /srv/$port
ORPort 10.20.0.2:$port IPv4Only
Address 10.20.0.2
Nickname example
BridgeRelay 1
BridgeDistribution none
PublishServerDescriptor 0
AssumeReachable 1
ExitRelay 0
SocksPort 0
ExtORPort 0
Log notice stderr
CONF
    put_client /srv/torrc.$port <<CONF
DataDirectory /srv/$port
SocksPort 0
UseBridges 1
Bridge 10.20.0.2:$port
Log notice stderr
CONF
    chmod 700 "$WORK/server/srv/$port" "$WORK/client/srv/$port"
    serve tor -f /srv/torrc.$port --defaults-torrc /dev/null
    listening tcp $port
done
capture tcp
for port in 9001 443; do
    client timeout 4 tor -f /srv/torrc.$port --defaults-torrc /dev/null >>"$WORK/tor.log" 2>&1 || true
done
