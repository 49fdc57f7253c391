# shellcheck shell=bash
# rsync's daemon, with a module for everybody and one for alice.

# rsync_server PORT starts it.
rsync_server() {
    mkdir -p "$WORK/server/srv/music" "$WORK/server/srv/papers"
    seq -f 'line %g of a song' 50 >"$WORK/server/srv/music/song.txt"
    seq -f 'line %g of a letter' 50 >"$WORK/client/srv/letter.txt"
    echo "alice:$PASSWORD" | put /srv/rsyncd.secrets
    echo "$PASSWORD" | put_client /srv/password
    chmod 600 "$WORK/server/srv/rsyncd.secrets" "$WORK/client/srv/password"
    put /srv/rsyncd.conf <<CONF
use chroot = no
uid = root
gid = root
motd file = /srv/motd
[music]
    path = /srv/music
    comment = songs for everybody
[papers]
    path = /srv/papers
    comment = alice's papers
    read only = no
    auth users = alice
    secrets file = /srv/rsyncd.secrets
CONF
    echo 'Example archive' | put /srv/motd
    serve rsync --daemon --no-detach --config=/srv/rsyncd.conf --address=0.0.0.0 --port="$1"
    listening tcp "$1"
}
