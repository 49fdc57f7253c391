# shellcheck shell=bash
# nginx on the client, which asks uWSGI on the server, and curl, which asks nginx.

# gateway uwsgi|scgi PORT
gateway() {
    put /srv/page.py <<'PY'
def application(env, answer):
    if env["DOCUMENT_URI"] == "/missing":
        answer("404 Not Found", [("Content-Type", "text/plain")])
        return [b"no such page\n"]
    answer("200 OK", [("Content-Type", "text/plain")])
    return [b"Dear " + env.get("QUERY_STRING", "").encode() + b"\n"]
PY
    serve uwsgi --plugin python3 "--$1-socket" "$S4:$2" --wsgi-file /srv/page.py --uid nobody --gid nogroup
    listening tcp "$2"
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
            include /etc/nginx/$1_params;
            $1_pass $S4:$2;
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
    local to=(curl -s -o /dev/null -H 'Host: www.example.com')
    client "${to[@]}" 'http://127.0.0.1:8080/page?name=bob'
    client "${to[@]}" http://127.0.0.1:8080/missing
    client "${to[@]}" -u "alice:$PASSWORD" -d name=alice http://127.0.0.1:8080/page
}
