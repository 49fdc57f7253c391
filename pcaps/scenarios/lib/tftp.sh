# shellcheck shell=bash
# in.tftpd (tftp-hpa), with a folder of files.

# tftp_server PORT starts it.
tftp_server() {
    mkdir -p "$WORK/server/srv/boot"
    seq -f 'line %g of a boot script' 60 >"$WORK/server/srv/boot/boot.ipxe"
    seq -f 'line %g of a log' 40 >"$WORK/client/srv/host.log"
    chmod -R a+rwX "$WORK/server/srv/boot"
    serve in.tftpd -4 -L -c -u nobody -s -a ":$1" /srv/boot
    listening udp "$1"
}
