#!/bin/bash
# osmo-ggsn and its sgsnemu: a context of GTP 1 with two pings in it, one for an access point that is not there, one of GTP 0.
# packages: osmo-ggsn
# ports: udp/2123, udp/2152, udp/3386
# expect: gtp.message==0x10
# expect: gtp.message==0x14
# expect: gtp.message==0xff
# expect: icmp

. "${0%/*}/../lib.sh"
put /srv/ggsn.cfg <<'CONF'
ggsn ggsn0
 gtp state-dir /srv
 gtp bind-ip 10.20.0.2
 apn internet
  gtpu-mode tun
  tun-device tun4
  type-support v4
  ip prefix dynamic 10.46.0.0/24
  ip dns 0 10.20.0.2
  ip ifconfig 10.46.0.1/24
  no shutdown
 no shutdown ggsn
CONF
serve osmo-ggsn -c /srv/ggsn.cfg
listening udp 2123
capture udp
phone() { client sgsnemu -l 10.20.0.1 -r "$S4" --timelimit=4 "$@" >/dev/null 2>&1 || true; }
phone -a internet -i 262010123456789 -m 491700000001 -u alice -p "$PASSWORD" --pinghost=10.46.0.1 --pingcount=2
phone -a nowhere.example -i 262010123456789 -m 491700000001
phone --gtpversion=0 -a internet -i 262010123456780 -m 491700000002 --pinghost=10.46.0.1 --pingcount=1
