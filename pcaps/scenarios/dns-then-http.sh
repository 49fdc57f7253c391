#!/bin/bash
# Names are looked up and then used: curl asks BIND for two names of the server's address, one after the other, and fetches a page by each.
# packages: bind9 nginx-light curl python3-minimal
# ports: udp/53, tcp/8080
# expect: dns.qry.name=="ns1.example.com"
# expect: dns.qry.name=="example.com"
# expect: 2 http.request

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
. "$PCAPS/scenarios/lib/http.sh"
name_server 53
web 8080
capture 'tcp or udp'
for name in ns1.example.com example.com; do
    client curl -s -o /dev/null "http://$name:8080/"
done
