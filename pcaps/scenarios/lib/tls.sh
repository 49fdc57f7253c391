# shellcheck shell=bash
# An authority of our own and certificates for invented names; below /srv of the server, the authority's certificate on both hosts.

# authority makes the authority: /srv/ca.pem on both hosts.
authority() {
    local dir=$WORK/server/srv
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/O=Example Trust/CN=Example Root CA' \
        -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>>"$WORK/serve.log"
    cp "$dir/ca.pem" "$WORK/client/srv/ca.pem"
    touch "$dir/index.txt"
}

# certificate NAME [FROM UNTIL] makes /srv/NAME.pem and NAME.key, for server and client, valid between two YYYYMMDD, by the authority.
certificate() {
    local dir=$WORK/server/srv
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Example Ltd/CN=$1" \
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
