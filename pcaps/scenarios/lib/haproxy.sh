# shellcheck shell=bash
# HAProxy on the client, which tells nginx on the server whom it speaks for.

# balanced VERSION PORT: `send-proxy` or `send-proxy-v2`
balanced() {
    put /srv/nginx.conf <<CONF
daemon off;
pid /srv/nginx.pid;
error_log stderr;
events {}
http {
    access_log /srv/access.log;
    server {
        listen $2 proxy_protocol;
        set_real_ip_from 10.20.0.0/24;
        real_ip_header proxy_protocol;
        location / { return 200 "hello \$proxy_protocol_addr\n"; }
    }
}
CONF
    serve nginx -c /srv/nginx.conf -e stderr
    listening tcp "$2"
    put_client /srv/haproxy.cfg <<CONF
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind 127.0.0.9:8080
    default_backend web
backend web
    server web $S4:$2 $1
CONF
    "$PCAPS/inside.sh" "$NET" "$WORK" client haproxy -db -f /srv/haproxy.cfg >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
    sleep 1
}
