# shellcheck shell=bash
# nginx on the client, which asks PHP on the server, and curl, which asks nginx.

# fastcgi PORT
fastcgi() {
    put /srv/page.php <<'PHP'
<?php
header("X-Page: hello");
echo "Hello " . ($_POST["name"] ?? $_GET["name"] ?? "nobody") . "\n";
PHP
    put /srv/broken.php <<'PHP'
<?php
missing_function();
PHP
    serve php-cgi -b "0.0.0.0:$1" -d display_errors=0 -d log_errors=1
    listening tcp "$1"
    put_client /srv/nginx.conf <<CONF
daemon off;
pid /srv/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    server {
        listen 127.0.0.1:8080;
        server_name www.example.com;
        location / {
            fastcgi_pass $S4:$1;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME /srv\$fastcgi_script_name;
        }
    }
}
CONF
    "$PCAPS/inside.sh" "$NET" "$WORK" client nginx -c /srv/nginx.conf -e stderr >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
    sleep 1
}

# ask
ask() {
    local path
    for path in 'page.php?name=bob' missing.php broken.php; do
        client curl -s -o /dev/null -H 'Host: www.example.com' "http://127.0.0.1:8080/$path"
    done
    client curl -s -o /dev/null -u "alice:$PASSWORD" -d name=alice -H 'Host: www.example.com' http://127.0.0.1:8080/page.php
}
