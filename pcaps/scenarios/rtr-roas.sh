#!/bin/bash
# StayRTR and BIRD: a router asks which networks may announce which prefixes, and learns of a new one; then RTRlib's rtrclient.
# packages: stayrtr bird2 rtr-tools
# ports: tcp/323
# decode: tcp.port==323,rpkirtr
# expect: rpki-rtr.pdu_type==2
# expect: rpki-rtr.pdu_type==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rtr.sh"
cache 323
put_client /srv/bird.conf <<'CONF'
router id 10.20.0.1;
roa4 table r4;
roa6 table r6;
protocol device {}
protocol rpki { roa4 { table r4; }; roa6 { table r6; }; remote 10.20.0.2 port 323; retry 2; refresh 5; expire 600; }
CONF
capture tcp
client timeout 8 bird -f -c /srv/bird.conf -s /run/bird.ctl >/dev/null 2>&1 &
sleep 2
sed -i 's/"roas": \[/&{"prefix": "203.0.113.0\/24", "maxLength": 24, "asn": "AS64502", "ta": "example"},/' "$WORK/server/srv/roas.json"
wait $! || true
client timeout 3 rtrclient -p tcp server 323 >/dev/null 2>&1 || true
