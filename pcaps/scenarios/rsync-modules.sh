#!/bin/bash
# rsync's daemon: the list of modules, a folder got, a file put as alice, a module that is not there.
# packages: rsync
# ports: tcp/873
# expect: tcp.payload contains "@RSYNCD: OK"
# expect: tcp.payload contains "AUTHREQD"
# expect: tcp.payload contains "@ERROR"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rsync.sh"
rsync_server 873
capture tcp
client rsync rsync://server/ >/dev/null
client rsync -a rsync://server/music/ /tmp/music/ >/dev/null
client rsync -a --password-file=/srv/password /srv/letter.txt rsync://alice@server/papers/
fails client rsync rsync://server/secrets/ 2>/dev/null
