# shellcheck shell=bash
# ngtcp2's server and client with GnuTLS (HTTP/3), and a page.

. "$PCAPS/scenarios/lib/tls.sh"

# quic PORT OPTIONS... starts the server.
quic() {
    local port=$1
    shift
    authority
    certificate www.example.com
    mkdir -p "$WORK/server/srv/www"
    echo '<!DOCTYPE html><title>Example</title><p>It came by datagrams.</p>' | put /srv/www/index.html
    serve gtlsserver -q -d /srv/www "$@" '*' "$port" /srv/www.example.com.key /srv/www.example.com.pem
    listening udp "$port"
}

# fetch PORT OPTIONS... as a visitor.
fetch() {
    local port=$1
    shift
    client gtlsclient -q --no-http-dump --exit-on-all-streams-close "$@" www.example.com "$port" "https://www.example.com:$port/index.html"
}
