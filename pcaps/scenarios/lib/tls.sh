# shellcheck shell=bash
# An authority of our own, certificates for invented names, and OpenSSL's server and client; all files are under /srv.

KEY=(ec -pkeyopt ec_paramgen_curve:P-256) # the kind of the keys; (rsa:2048) is the other one

# authority makes the authority: /srv/ca.pem on both hosts.
authority() {
    local dir=$WORK/server/srv
    openssl req -x509 -newkey "${KEY[@]}" -nodes -days 3650 -subj '/O=Example Trust/CN=Example Root CA' \
        -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>>"$WORK/serve.log"
    cp "$dir/ca.pem" "$WORK/client/srv/ca.pem"
    touch "$dir/index.txt"
}

# certificate NAME [FROM UNTIL] makes /srv/NAME.pem and NAME.key, for server and client, valid between two YYYYMMDD, by the authority.
certificate() {
    local dir=$WORK/server/srv
    openssl req -newkey "${KEY[@]}" -nodes -subj "/O=Example Ltd/CN=$1" \
        -keyout "$dir/$1.key" -out "$dir/$1.csr" 2>>"$WORK/serve.log"
    cat >"$dir/ca.conf" <<CONF
[ca]
default_ca = own
[own]
database = $dir/index.txt
new_certs_dir = $dir
private_key = $dir/ca.key
certificate = $dir/ca.pem
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
[any]
organizationName = optional
commonName = supplied
[names]
subjectAltName = DNS:$1,DNS:alt.example.com
extendedKeyUsage = serverAuth,clientAuth
CONF
    openssl ca -batch -notext -config "$dir/ca.conf" -in "$dir/$1.csr" -out "$dir/$1.pem" \
        -startdate "${2:-20260101}000000Z" -enddate "${3:-20360101}000000Z" 2>>"$WORK/serve.log"
    cp "$dir/$1.pem" "$dir/$1.key" "$WORK/client/srv/"
}

# nginx_tls NAME [LINE...]: nginx's directives for that certificate.
nginx_tls() {
    local name=$1
    shift
    echo "ssl_certificate /srv/$name.pem; ssl_certificate_key /srv/$name.key; $*"
}

# self_signed NAME makes /srv/NAME.pem and NAME.key without an authority.
self_signed() {
    openssl req -x509 -newkey "${KEY[@]}" -nodes -days 3650 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
        -keyout "$WORK/server/srv/$1.key" -out "$WORK/server/srv/$1.pem" 2>>"$WORK/serve.log"
}

# tls_server PORT [OPTION...] starts `openssl s_server`, which answers a GET with a page about the connection.
tls_server() {
    local port=$1
    shift
    serve openssl s_server -accept "$port" -www -cert /srv/www.example.com.pem -key /srv/www.example.com.key "$@"
    listening tcp "$port"
}

# tls_visit PORT [OPTION...] asks it for that page.
tls_visit() {
    local port=$1 name=(-servername www.example.com)
    shift
    [ "${1:-}" != -noservername ] || name=()
    printf 'GET / HTTP/1.0\r\n\r\n' | client openssl s_client -connect "www.example.com:$port" \
        -CAfile /srv/ca.pem -verify_return_error -ign_eof -quiet "${name[@]}" "$@" >/dev/null 2>>"$WORK/serve.log"
}
