#!/bin/bash
# NFS 3 from libnfs's programs to ganesha: the portmapper is asked, the export mounted, a directory listed, a file read and one written.
# packages: nfs-ganesha nfs-ganesha-vfs libnfs-utils rpcbind
# ports: tcp/111 tcp/2049 tcp/20048
# expect: portmap
# expect: mount.path
# expect: nfs.procedure_v3==6
# expect: nfs.procedure_v3==7

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nfs.sh"
nfs_server 2049 20048 3
capture tcp or udp
client nfs-ls "nfs://$S4/srv/files/letters?version=3"
client nfs-cp "nfs://$S4/srv/files/letters/book.txt?version=3" /srv/book.txt
client nfs-cp /srv/letter.txt "nfs://$S4/srv/files/letters/letter.txt?version=3"
fails client nfs-cat "nfs://$S4/srv/files/letters/missing.txt?version=3"
