#!/bin/bash
# A signed zone: A with its signature, DNSKEY, and a name that does not exist with its proof.
# packages: bind9 bind9-dnsutils
# ports: udp/53
# expect: dns.resp.type==46
# expect: 1 dns.qry.type==48 && dns.flags.response==1 && dns.resp.type==48
# expect: dns.resp.type==47 || dns.resp.type==50

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dns.sh"
name_server 53 'dnssec-policy default; inline-signing yes;'
capture udp
ask +dnssec web.example.com A
ask +dnssec example.com DNSKEY
ask +dnssec missing.example.com A
