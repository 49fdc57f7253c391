#!/bin/bash
# nginx and curl over IPv6, by name and by address.
# packages: nginx-light curl python3-minimal
# ports: tcp/8080
# expect: 2 http.host=="www.example.com:8080"
# expect: 1 http.host=="[2001:db8:20::2]:8080"
# expect: 2 tcp.flags.syn==1 && tcp.flags.ack==0
# never: ip

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/http.sh"
ipv6
web '[::]:8080'
capture tcp
visit -6 http://www.example.com:8080/new.html http://www.example.com:8080/style.css
visit "http://[$S6]:8080/missing"
