# shellcheck shell=bash
# vsftpd, with a home for alice that has some files.

# ftp_server PORT [LINE...] starts vsftpd; lines go into its configuration.
ftp_server() {
    local port=$1 line
    shift
    mkdir -p "$WORK/server/srv/empty" "$WORK/server/home/alice/papers"
    seq -f 'line %g of a report' 200 >"$WORK/server/home/alice/papers/report.txt"
    seq -f 'line %g of a letter' 100 >"$WORK/client/srv/letter.txt"
    chown -R 2001:2001 "$WORK/server/home/alice"
    {
        printf '%s\n' listen=YES "listen_port=$port" local_enable=YES write_enable=YES anonymous_enable=NO pam_service_name=login \
            seccomp_sandbox=NO secure_chroot_dir=/srv/empty 'ftpd_banner=Example files' pasv_min_port=40000 pasv_max_port=40009 background=NO \
            connect_from_port_20=YES
        for line in "$@"; do echo "$line"; done
    } | put /srv/vsftpd.conf
    serve vsftpd /srv/vsftpd.conf
    listening tcp "$port"
}

# fetch CURL-ARGUMENT... as alice.
fetch() { client curl -s -S -o /dev/null -u "alice:$PASSWORD" "$@"; }
