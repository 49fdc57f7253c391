#!/bin/bash
# NFS 4 from libnfs's programs to ganesha on an odd port, without a portmapper: a directory listed, a file read and one written.
# packages: nfs-ganesha nfs-ganesha-vfs libnfs-utils rpcbind
# ports: tcp/4949
# decode: tcp.port==4949,rpc
# expect: nfs.opcode==25
# expect: nfs.opcode==18

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/nfs.sh"
nfs_server 4949 20048 4
capture tcp
client nfs-ls "nfs://$S4/files/letters?version=4&nfsport=4949"
client nfs-cp "nfs://$S4/files/letters/book.txt?version=4&nfsport=4949" /srv/book.txt
client nfs-cp /srv/letter.txt "nfs://$S4/files/letters/letter.txt?version=4&nfsport=4949"
