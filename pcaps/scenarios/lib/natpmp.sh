# shellcheck shell=bash
# miniupnpd, which lets hosts of eth0 open ports to the world behind eth1.
# Its outside address is invented; it takes none of those that are kept for examples.

gateway() {
    router
    put /srv/miniupnpd.conf <<CONF
ext_ifname=eth1
listening_ip=eth0
ext_ip=12.34.56.78
enable_natpmp=yes
enable_upnp=${1:-no}
port=${2:-0}
secure_mode=yes
system_uptime=yes
notify_interval=30
uuid=00000000-0000-4000-8000-000000000020
friendly_name=Example Gateway
allow 1024-65535 10.20.0.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
CONF
    server bash -c '
        nft add table inet filter
        nft add chain inet filter forward "{ type filter hook forward priority 0; }"
        nft add chain inet filter miniupnpd; nft add chain inet filter prerouting_miniupnpd
        nft add chain inet filter postrouting_miniupnpd'
    # It tells everybody the kernel's version: this one is nobody's.
    cc -shared -fPIC -o "$WORK/server/srv/kernel.so" -x c - <<'C'
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
int uname(struct utsname *name) { long done = syscall(SYS_uname, name); strcpy(name->release, "6.1.0"); return (int)done; }
C
    cp "$WORK/server/srv/kernel.so" "$WORK/client/srv/kernel.so"
    serve env LD_PRELOAD=/srv/kernel.so miniupnpd -d -f /srv/miniupnpd.conf -P /run/miniupnpd.pid
}
