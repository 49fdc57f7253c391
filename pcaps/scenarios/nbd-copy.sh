#!/bin/bash
# nbd-server on an odd port, its list asked for by nbd-client, and a device read by qemu-img.
# packages: nbd-server nbd-client qemu-utils
# ports: tcp/11809
# expect: nbd

. "${0%/*}/../lib.sh"
printf '%s\n' '[generic]' 'allowlist = true' 'port = 11809' '[letters]' 'exportname = /srv/letters.img' 'readonly = true' | put /srv/nbd.conf
seq -f 'line %g of a letter' 800 | head -c 8192 >"$WORK/server/srv/letters.img"
serve nbd-server -C /srv/nbd.conf -d
listening tcp 11809
capture tcp
client nbd-client -l "$S4" 11809 || true
client qemu-img convert -f raw -O raw "nbd://$S4:11809/letters" /srv/copy.img
