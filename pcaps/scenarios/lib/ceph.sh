# shellcheck shell=bash
# A monitor of Ceph, alone, and Ceph's command.

# monitor ADDRESS: `v1:10.20.0.2:6789`, `v2:10.20.0.2:3300`, or several
monitor() {
    local s=$WORK/server
    mkdir -p "$s/srv/mon" "$s/run/ceph" "$WORK/client/run/ceph"
    put /srv/ceph.conf <<CONF
[global]
fsid = 00000000-1111-2222-3333-444444444444
mon_host = [$1]
mon_initial_members = a
auth_client_required = cephx
run_dir = /srv
log_file = /dev/null
mon_data = /srv/mon
ms_bind_ipv6 = false
mon_data_avail_warn = 1
mon_data_avail_crit = 0
auth_allow_insecure_global_id_reclaim = true
CONF
    cp "$s/srv/ceph.conf" "$WORK/client/srv/ceph.conf"
    server sh -c "ceph-authtool --create-keyring /srv/keyring --gen-key -n mon. --cap mon 'allow *' && ceph-authtool /srv/keyring --gen-key -n client.admin --cap mon 'allow *' && \
        monmaptool --create --fsid 00000000-1111-2222-3333-444444444444 --addv a '[$1]' /srv/monmap && \
        ceph-mon -c /srv/ceph.conf --mkfs -i a --monmap /srv/monmap --keyring /srv/keyring" >/dev/null
    cp "$s/srv/keyring" "$WORK/client/srv/keyring"
    serve ceph-mon -c /srv/ceph.conf -f -i a --keyring /srv/keyring --setuser root --setgroup root
    listening tcp "$2"
    sleep 4
}

# ask
ask() {
    client timeout 15 ceph -c /srv/ceph.conf --keyring /srv/keyring "$@" >/dev/null
}
