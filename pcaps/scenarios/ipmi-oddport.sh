#!/bin/bash
# ipmitool and ipmi_sim on an odd port: version 2.0.
# packages: openipmi ipmitool
# ports: udp/9623
# decode: udp.port==9623,rmcp
# expect: rmcp

. "${0%/*}/../lib.sh"
put /srv/lan.conf <<CONF
name "example"
set_working_mc 0x20
  startlan 1
    addr 0.0.0.0 9623
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 2 true "alice" "correct" admin 10 none md2 md5 straight
CONF
put /srv/sim.emu <<'EMU'
mc_setbmc 0x20
mc_add 0x20 0 has-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
EMU
mkdir -p "$WORK/server/srv/state"
serve ipmi_sim -n -c /srv/lan.conf -f /srv/sim.emu -s /srv/state
listening udp 9623
capture udp
client ipmitool -I lanplus -H server -p 9623 -U alice -P correct mc info >/dev/null || true
