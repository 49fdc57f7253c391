#!/bin/bash
# inside.sh NET WORK HOST COMMAND...: run a command as on HOST (client or server): in its network namespace, under its name, with its
# own /home, /srv, /run, /tmp and the files of its /etc in the place of the machine's; this folder is its /mnt. Only lib.sh calls it.
set -eu
if [ "$1" != --within ]; then
    net=$1 work=$2 host=$3
    shift 3
    exec ip netns exec "$net-$host" unshare --uts "$0" --within "$work/$host" "$host" "$@"
fi
root=$2 host=$3
shift 3
hostname "$host"
for file in "$root"/etc/*; do
    there=/etc/${file##*/}
    if [ -d "$file" ]; then
        mount --bind "$file" "$there" # a whole folder: it must exist on the machine
    elif [ -e "$there" ]; then
        mount --bind "$file" "$there"
    fi
done
mount --bind "$(dirname "$0")" /mnt # the helpers beside this file
for dir in home srv run tmp; do mount --bind "$root/$dir" /$dir; done
cd /srv
export HOME=/root LC_ALL=C
exec "$@"
