# shellcheck shell=bash
# Samba's server with two shares, `files` for alice and `public` for everybody, and smbclient.

# file_server PORTS [LINE...] starts smbd; lines go into its [global] section.
file_server() {
    local ports=$1 line
    shift
    mkdir -p "$WORK/server/run/samba" "$WORK/server/srv/"{samba,files,public}
    chmod 777 "$WORK/server/srv/"{files,public}
    {
        printf '%s\n' '[global]' 'workgroup = EXAMPLE' 'netbios name = SERVER' "smb ports = $ports" 'server string = Example files' \
            'map to guest = Bad User' 'guest account = nobody' 'disable spoolss = yes' 'load printers = no' 'printing = bsd' \
            'private dir = /srv/samba' 'lock directory = /srv/samba' 'state directory = /srv/samba' 'cache directory = /srv/samba' \
            'pid directory = /srv/samba' 'ncalrpc dir = /srv/samba/rpc' 'log file = /srv/samba/log' 'server min protocol = NT1' \
            'rpc start on demand helpers = yes'
        for line in "$@"; do echo "$line"; done
        printf '%s\n' '[files]' 'path = /srv/files' 'valid users = alice' 'read only = no' \
            '[public]' 'path = /srv/public' 'guest ok = yes' 'read only = no'
    } | put /srv/smb.conf
    printf '%s\n' '[global]' 'workgroup = EXAMPLE' 'netbios name = CLIENT' 'client min protocol = NT1' 'lock directory = /tmp' \
        'state directory = /tmp' 'cache directory = /tmp' 'private dir = /tmp' | put_client /srv/smb.conf
    printf '%s\n%s\n' "$PASSWORD" "$PASSWORD" | server smbpasswd -s -c /srv/smb.conf -a alice >>"$WORK/serve.log"
    serve smbd --foreground --no-process-group --debug-stdout --configfile=/srv/smb.conf
    listening tcp "${ports%% *}"
    seq -f 'line %g of a letter' 300 >"$WORK/client/srv/letter.txt"
}

# connect SHARE COMMANDS [OPTION...] runs smbclient's commands on a share, as alice unless an option says otherwise.
connect() {
    local share=$1 commands=$2
    shift 2
    [ $# -gt 0 ] || set -- -U "alice%$PASSWORD"
    client smbclient --configfile=/srv/smb.conf "//SERVER/$share" "$@" -c "$commands"
}

# What is done with files nearly everywhere: a folder, a file put, renamed, got and compared, deleted.
# shellcheck disable=SC2034 # the scenarios use it
FILE_WORK='mkdir letters; put letter.txt letters\first.txt; ls letters\*; rename letters\first.txt letters\second.txt;
    get letters\second.txt back.txt; allinfo letters\second.txt; del letters\second.txt; rmdir letters'
same_file() { cmp "$WORK/client/srv/letter.txt" "$WORK/client/srv/back.txt"; }
