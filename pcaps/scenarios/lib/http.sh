# shellcheck shell=bash
# nginx with some pages, and behind it (on the loopback, not captured) a small application for uploads and streams.

# web LISTEN... starts nginx; LISTEN as in its `listen` directive: a port, an address, `ssl`, `http2`.
web() {
    local port=${1##*:}
    pages
    put /srv/nginx.conf <<CONF
daemon off; user root; worker_processes 1; pid /run/nginx.pid; error_log stderr;
events {}
http {
    include /etc/nginx/mime.types; default_type application/octet-stream; access_log off; gzip on; gzip_min_length 200; gzip_types text/css;
    client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
    server {
        listen $*;
        server_name www.example.com;
        root /srv/www;
        ${TLS:-}
        location /old { return 302 /new.html; }
        location /private/ { auth_basic "members"; auth_basic_user_file /srv/passwords; }
        location /app/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_buffering off; }
    }
}
CONF
    server chmod 755 /srv/www
    serve /usr/bin/python3 /mnt/webapp.py 9000
    serve nginx -e stderr -c /srv/nginx.conf
    listening tcp "${port%% *}"
    listening tcp 9000
}

pages() { # /srv/www and the passwords
    mkdir -p "$WORK/server/srv/www/private"
    {
        echo '<!DOCTYPE html><title>Example</title><link rel=stylesheet href=/style.css><h1>Example</h1>'
        seq -f '<p>Paragraph %g of a page that is long enough to be worth compressing.</p>' 40
    } | put /srv/www/index.html
    echo '<!DOCTYPE html><title>New</title><p>It moved here.</p>' | put /srv/www/new.html
    echo 'body { color: #222; font-family: serif }' | put /srv/www/style.css
    echo '<!DOCTYPE html><title>Members</title><p>Members only.</p>' | put /srv/www/private/index.html
    echo "alice:$(openssl passwd -apr1 -salt example "$PASSWORD")" | put /srv/passwords
}

# pictures makes /srv/www/picture.png and /srv/www/source.tar.gz, always the same bytes, and checks that they are.
PICTURE_SHA256=a5e6490b32bc4d3d0de7ef8856719c57b1cd725dca1b2d666f70cf320c30d7f5
SOURCE_SHA256=b2007c91ada26c8a9c16853d4cd08a82f24e701a0d3d1ff651a8d775165a8f6a
pictures() {
    server /usr/bin/python3 /mnt/pictures.py /srv/www
    printf '%s\n' "$PICTURE_SHA256  picture.png" "$SOURCE_SHA256  source.tar.gz" | (cd "$WORK/server/srv/www" && sha256sum -c --quiet)
}

# visit CURL-ARGUMENT... as a browser of alice's, which does not say what it gets.
visit() { client curl -s -S -o /dev/null "$@"; }

# visits BASE-URL: most of what a site's visitor does, on one connection.
visits() {
    local s=(--next -s -S -o /dev/null)
    visit --compressed -A 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' "$1/" \
        "${s[@]}" -e "$1/" -H 'Cookie: visitor=17' "$1/style.css" \
        "${s[@]}" -I "$1/new.html" \
        "${s[@]}" "$1/missing.html?from=bookmark" \
        "${s[@]}" -L "$1/old" \
        "${s[@]}" --anyauth -u "alice:$PASSWORD" "$1/private/" \
        "${s[@]}" "$1/app/stream" \
        "${s[@]}" -d user=alice -d "password=$PASSWORD" "$1/app/login?token=4711&lang=en" \
        "${s[@]}" -X OPTIONS "$1/app/"
}
