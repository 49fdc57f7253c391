# shellcheck shell=bash
# An NFS server in user space: ganesha with its files in memory, and the portmapper that tells where it is.

# nfs_server PORT MOUNT_PORT VERSIONS starts both.
nfs_server() {
    put /srv/ganesha.conf <<CONF
NFS_CORE_PARAM { NFS_Port = $1; MNT_Port = $2; Protocols = $3; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = true; Plugins_Dir = /usr/lib/$(uname -m)-linux-gnu/ganesha; }
NFSv4 { Grace_Period = 1; Lease_Lifetime = 60; Graceless = true; RecoveryBackend = fs; }
EXPORT { Export_Id = 1; Path = /srv/files; Pseudo = /files; Access_Type = RW; Squash = No_Root_Squash; SecType = sys; FSAL { Name = VFS; } }
LOG { Default_Log_Level = WARN; }
CONF
    serve rpcbind -f -w
    listening tcp 111
    mkdir -p "$WORK/server/srv/files" "$WORK/server/run/ganesha"
    serve sh -c 'mount -t tmpfs none /srv/files && mkdir -p /srv/files/letters && seq -f "page %g of an old book" 90 >/srv/files/letters/book.txt &&
        mkdir -p /run/ganesha && exec ganesha.nfsd -F -f /srv/ganesha.conf -L STDERR -p /run/ganesha/pid'
    listening tcp "$1"
    sleep 2
    seq -f 'line %g of a letter' 60 >"$WORK/client/srv/letter.txt"
}
