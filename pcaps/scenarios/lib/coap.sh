# shellcheck shell=bash
# libcoap's server on a port, and questions to it.
coap_server() {
    serve sh -c "exec \$(command -v coap-server-notls || command -v coap-server) -A 0.0.0.0 -p $1 -d 10 -v 3"
    listening udp "$1"
}
coap() { client sh -c 'exec $(command -v coap-client-notls || command -v coap-client) "$@"' coap -B 3 "$@" || true; }
ask() {
    local uri=coap://10.20.0.2:$1
    [ "$2" = udp ] || uri=coap+tcp://10.20.0.2:$1
    coap -m get "$uri/.well-known/core"
    coap -m put -t text/plain -e 'bolts' "$uri/parts"
    coap -m get "$uri/parts?size=12"
    coap -m get -s 2 "$uri/time"
    coap -m delete "$uri/parts"
    coap -m get "$uri/missing"
}
