# shellcheck shell=bash
# OpenSSL's DTLS server and client.

# dtls_server PORT [OPTION...]: it listens without state (a cookie first), and says "welcome" twice a second to whoever came.
dtls_server() {
    local port=$1
    shift
    # shellcheck disable=SC2016 # expanded by the inner shell
    serve bash -c 'while sleep 0.5; do echo welcome; done | openssl s_server -dtls1_2 -listen "$@"' - -accept "$port" "$@"
    listening udp "$port"
}

# dtls_talk PORT [OPTION...] says a line to it, and good-bye a second later.
dtls_talk() {
    local port=$1
    shift
    { echo hello && sleep 1; } | client openssl s_client -dtls1_2 -connect "server.example.com:$port" "$@" >/dev/null 2>>"$WORK/serve.log"
}
