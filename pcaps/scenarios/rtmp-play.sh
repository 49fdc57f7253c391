#!/bin/bash
# rtmpdump asks nginx for a stream that nobody publishes, then for one in an application that there is not; on an odd port.
# packages: libnginx-mod-rtmp rtmpdump nginx-light
# ports: tcp/8935
# decode: tcp.port==8935,rtmpt
# expect: rtmpt

. "${0%/*}/../lib.sh"
put /srv/nginx.conf <<CONF
daemon off; user root; worker_processes 1; pid /run/nginx.pid; error_log stderr;
load_module modules/ngx_rtmp_module.so;
events {}
rtmp { server { listen 8935; application live { live on; } } }
CONF
serve nginx -e stderr -c /srv/nginx.conf
listening tcp 8935
capture tcp
for application in live nowhere; do
    client timeout 4 rtmpdump -q -v -r "rtmp://www.example.com:8935/$application/camera?key=$PASSWORD" -o /srv/film --live --stop 2 || true
done
