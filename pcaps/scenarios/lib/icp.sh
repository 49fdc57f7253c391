# shellcheck shell=bash
# Two squids: the one on the client asks its sibling on the server by ICP (and HTCP) whether it has a page.

# cache HOST OWN_ICP PEER PEER_ICP OPTIONS
cache() {
    mkdir -p "$WORK/$1/srv/squid"
    cat >"$WORK/$1/srv/squid.conf" <<CONF
http_port 3128
icp_port $2
icp_access allow all
htcp_port 0
http_access allow all
miss_access allow all
pid_filename none
cache_log stdio:/srv/squid/cache.log
access_log none
cache_store_log none
coredump_dir /srv/squid
cache_effective_user proxy
visible_hostname $1.example.com
cache_mem 8 MB
shutdown_lifetime 1 seconds
refresh_pattern . 60 50% 600
minimum_direct_rtt 0
minimum_direct_hops 0
icp_hit_stale on
pinger_enable off
netdb_filename none
$5
CONF
    if [ "$4" != 0 ]; then echo "cache_peer $3 sibling 3128 $4 no-netdb-exchange no-digest" >>"$WORK/$1/srv/squid.conf"; fi
    chmod -R a+rwX "$WORK/$1/srv"
    "$PCAPS/inside.sh" "$NET" "$WORK" "$1" sh -c 'mount -t tmpfs none /dev/shm && exec squid -N -f /srv/squid.conf'  >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
}

# siblings ICP
siblings() {
    cache server "$1" client 0 ''
    cache client "$1" server "$1" 'icp_query_timeout 1000'
    echo hello | put /srv/www/page.html
    echo hello | put /srv/www/other.html
    serve /usr/bin/python3 -m http.server --directory /srv/www 8000
    listening tcp 3128
    listening tcp 8000
    sleep 2
}

# fetch: the first page is in the sibling's cache already, the others are not
fetch() {
    local page
    for page in other.html page.html missing.html; do
        client curl -s -o /dev/null -x http://127.0.0.1:3128 "http://$S4:8000/$page"
    done
}
