#!/usr/bin/env bash
# Installs, upgrades, removes and purges a package in a Debian of its own, and looks at what is there after each.
#
#   packaging/try-deb.sh PACKAGE.deb [ROOT]     as root; ROOT is a Debian that debootstrap made, else one is made and thrown away
#
# There is no systemd in it: a stand-in writes down what is asked of it.
set -euo pipefail

deb=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=${2:-$work/root}
[ -n "${2:-}" ] || debootstrap --variant=minbase --include=adduser,libpcap0.8,logrotate bookworm "$root" >/dev/null

in_root() { chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
asked() { cat "$root/systemctl.log" 2>/dev/null || true; : >"$root/systemctl.log"; }
fail() { echo "try-deb: $*" >&2; exit 1; }
expect() { # WHAT COMMAND...: the command goes well
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || fail "$what"
    echo "ok: $what"
}
absent() { [ ! -e "$root$1" ]; }
wrote() { grep -q "$1" <<<"$calls"; }
wrote_not() { ! wrote "$1"; }

mkdir -p "$root/run/systemd/system"
cat >"$root/usr/bin/systemctl" <<'S'
#!/bin/sh
echo "$*" >>/systemctl.log
S
chmod 755 "$root/usr/bin/systemctl"
asked >/dev/null

# The same package as a later version.
dpkg-deb -R "$deb" "$work/later"
sed -i 's/^Version: .*/&.1/' "$work/later/DEBIAN/control"
dpkg-deb -b --root-owner-group "$work/later" "$root/later.deb" >/dev/null
cp "$deb" "$root/first.deb"
config=/etc/tapline/tapline.toml

message=$(in_root dpkg -i /first.deb 2>&1) || fail "$message"
calls=$(asked)
expect "it is installed, and runs" in_root tapline --version
expect "there is a user" in_root getent passwd tapline
expect "who has no shell" sh -c "chroot '$root' getent passwd tapline | grep -q nologin"
expect "and may read the configuration, as nobody else" in_root sh -c "[ \"\$(stat -c '%U:%G %a' $config)\" = 'root:tapline 640' ]"
expect "what names no input is not started, and that is said" grep -q 'name an interface' <<<"$message"
expect "nor enabled" wrote_not 'start\|enable'
expect "the manual page is there" in_root test -e /usr/share/man/man1/tapline.1.gz

sed -i 's/^# read = .*/read = ["-"]/' "$root$config"
in_root dpkg -i --force-confold /later.deb >/dev/null 2>&1 || fail "it can't be upgraded"
calls=$(asked)
expect "an upgrade keeps the configuration" in_root grep -q '^read = \["-"\]' "$config"
expect "and its owner" in_root sh -c "[ \"\$(stat -c '%U:%G %a' $config)\" = 'root:tapline 640' ]"
expect "and restarts the service where it is enabled" wrote 'restart tapline.service'

in_root dpkg -r tapline >/dev/null 2>&1 || fail "it can't be removed"
calls=$(asked)
expect "a removal stops the service" wrote '^stop tapline.service'
expect "takes the program" absent /usr/bin/tapline
expect "and leaves the configuration" test -e "$root$config"

in_root dpkg -i --force-confold /first.deb >/dev/null 2>&1 || fail "it can't be installed again"
calls=$(asked)
expect "installed again it runs as before" wrote '^restart tapline.service'

mkdir -p "$root/var/log/tapline" "$root/etc/systemd/system/multi-user.target.wants"
ln -sf /usr/lib/systemd/system/tapline.service "$root/etc/systemd/system/multi-user.target.wants/"
in_root dpkg -P tapline >/dev/null 2>&1 || fail "it can't be purged"
expect "a purge leaves it disabled" test ! -L "$root/etc/systemd/system/multi-user.target.wants/tapline.service"
for left in /etc/tapline /etc/logrotate.d/tapline /var/log/tapline /usr/bin/tapline /usr/lib/systemd/system/tapline.service /usr/share/doc/tapline; do
    expect "a purge leaves no $left" absent "$left"
done
expect "nor a user" sh -c "! chroot '$root' getent passwd tapline"
expect "nor anything that dpkg knows" sh -c "! chroot '$root' dpkg -s tapline"
rm -f "$root"/{first,later}.deb "$root/systemctl.log" "$root/usr/bin/systemctl"
