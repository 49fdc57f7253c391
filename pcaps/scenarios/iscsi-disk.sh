#!/bin/bash
# tgtd with a small disk on an odd port, found and asked by libiscsi's programs: a discovery, an inquiry, and a login that names no disk.
# packages: tgt libiscsi-bin
# ports: tcp/13260
# decode: tcp.port==13260,iscsi
# expect: iscsi.opcode==0x03
# expect: iscsi.opcode==0x04

. "${0%/*}/../lib.sh"
head -c 65536 /dev/zero >"$WORK/server/srv/disk.img"
serve tgtd -f --iscsi portal="$S4:13260"
listening tcp 13260
server tgtadm --lld iscsi --op new --mode target --tid 1 -T iqn.2020-01.com.example:letters
server tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b /srv/disk.img
server tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
capture tcp
client iscsi-ls "iscsi://$S4:13260"
client iscsi-inq "iscsi://$S4:13260/iqn.2020-01.com.example:letters/1"
fails client iscsi-inq "iscsi://$S4:13260/iqn.2020-01.com.example:missing/1"
