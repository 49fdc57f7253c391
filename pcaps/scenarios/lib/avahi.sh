# shellcheck shell=bash
# Avahi with a message bus of its own; on a machine without one.

# avahi client|server starts both there and waits until they answer.
avahi() {
    local at=$1
    mkdir -p "$WORK/$at/run/dbus" "$WORK/$at/run/avahi-daemon"
    cat >"$WORK/$at/srv/avahi.conf" <<CONF
[server]
host-name=$at
use-ipv6=no
allow-interfaces=eth0
[publish]
publish-workstation=no
CONF
    "$PCAPS/inside.sh" "$NET" "$WORK" "$at" dbus-daemon --system --nofork --nopidfile >>"$WORK/serve.log" 2>&1 &
    disown
    sleep 0.5
    "$PCAPS/inside.sh" "$NET" "$WORK" "$at" avahi-daemon -f /srv/avahi.conf --no-drop-root --no-chroot --no-rlimits >>"$WORK/serve.log" 2>&1 &
    disown
    sleep 2
}
