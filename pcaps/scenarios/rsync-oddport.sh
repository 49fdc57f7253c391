#!/bin/bash
# rsync's daemon on an odd port: a file got with its arguments kept from shells (--secluded-args), and a wrong password.
# packages: rsync
# ports: tcp/8730
# expect: tcp.port==8730 && tcp.payload contains "@RSYNCD:"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rsync.sh"
rsync_server 8730
capture tcp
client rsync -a --secluded-args rsync://server:8730/music/song.txt /tmp/ >/dev/null
echo letmein | put_client /srv/password
fails client rsync --password-file=/srv/password rsync://alice@server:8730/papers/ 2>/dev/null
