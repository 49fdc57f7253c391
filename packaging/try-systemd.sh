#!/usr/bin/env bash
# Boots a Debian of its own under systemd, with the package in it, and looks at what the service does on a real interface.
#
#   packaging/try-systemd.sh PACKAGE.deb [ROOT]     as root, with debootstrap and systemd-container; ROOT is a Debian that debootstrap
#                                                   made with what is named below, else one is made and thrown away
set -euo pipefail

deb=$(realpath "$1")
work=$(mktemp -d)
root=${2:-$work/root}
config=/etc/tapline/tapline.toml
log=/var/log/tapline/tapline.log
# What systemd-nspawn calls the wire's ends: this one by the root's name, the other always the same.
here=ve-$(basename "$root" | cut -c1-12)
leader=

in_root() { chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
booted() { nsenter -t "$leader" -a -- /usr/bin/env TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
fail() { echo "try-systemd: $*" >&2; exit 1; }
expect() { # WHAT COMMAND...: the command goes well, within ten seconds
    local what=$1 turn
    shift
    for turn in $(seq 50); do
        if "$@" >/dev/null 2>&1; then echo "ok: $what"; return; fi
        sleep 0.2
    done
    fail "$what"
}
shows() { [ "$(booted systemctl show -p "$1" --value tapline)" = "$2" ]; }
logged() { booted grep -q "$1" "$log"; }
journal() { booted journalctl -u tapline --no-pager | grep -q "$1"; }
capabilities() { booted sh -c 'cat /proc/$(systemctl show -p MainPID --value tapline)/status' | grep -q "^$1:.*$2\$"; }
shut_down() {
    [ -z "$leader" ] || kill -s KILL "$leader" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap shut_down EXIT

[ -n "${2:-}" ] || debootstrap --variant=minbase --include=systemd-sysv,dbus,adduser,libpcap0.8,logrotate,iproute2 bookworm "$root" >/dev/null
cp "$deb" "$root/tapline.deb"
in_root dpkg -i /tapline.deb >/dev/null 2>&1 || fail "it can't be installed"
sed -i "s/^# interface = .*/interface = [\"host0\"]/; s|^destinations = .*|destinations = [\"file:$log\"]|" "$root$config"
in_root systemctl enable tapline >/dev/null 2>&1

# The machine's own systemd, where there is one, need not know of it.
mkdir -p /run/systemd/nspawn
systemd-nspawn -q -D "$root" --network-veth --register=no --keep-unit -b >"$work/console" 2>&1 &
nspawn=$!
found() { leader=$(pgrep -P "$nspawn" | head -n 1) && [ -n "$leader" ]; }
for turn in $(seq 50); do found && break; sleep 0.2; done
[ -n "$leader" ] || fail "it does not boot: $(tail -n 1 "$work/console")"

expect "it says that it listens, and runs" shows ActiveState active
expect "an interface that is down is told" journal 'host0 is down'
ip link set "$here" up
ip addr replace 203.0.113.1/24 dev "$here"
booted ip link set host0 up
booted ip addr replace 203.0.113.2/24 dev host0
expect "and when it is up again" journal 'host0 is up again'
expect "it can do nothing that a user can't" capabilities CapEff 0000000000000000
expect "and never will" capabilities NoNewPrivs 1
expect "its system calls are filtered" capabilities Seccomp 2
expect "the other end answers" ping -c 1 -W 1 -I "$here" 203.0.113.2
booted systemctl reload tapline
expect "a reload reads the configuration anew" journal 'the configuration was read anew'
booted logrotate -f /etc/logrotate.d/tapline
expect "a rotation leaves the old file" booted test -s "$log.1"
expect "and lines go to a new one" booted test -s "$log"
booted systemctl restart tapline
expect "it runs again after a restart" shows ActiveState active
expect "which had told what was open" logged 'app="icmp" src="203.0.113.1" dst="203.0.113.2"'
expect "nothing of it went wrong" shows Result success

booted sh -c "cp -p $config $config.right && echo nonsense = 1 >>$config"
booted systemctl restart tapline 2>/dev/null && fail "a wrong configuration is accepted"
expect "a wrong configuration is told by its line" journal "tapline.toml:[0-9]*: there is no key 'nonsense'"
sleep 7 # longer than RestartSec=
expect "and is not tried again" shows NRestarts 0
booted sh -c "mv $config.right $config"
booted systemctl restart tapline
expect "the right one is" shows ActiveState active
expect "what stops it by force" booted systemctl kill -s KILL tapline
expect "does not for long" shows NRestarts 1
expect "and it runs" shows ActiveState active
booted systemctl stop tapline
expect "it stops in good order" shows Result success
