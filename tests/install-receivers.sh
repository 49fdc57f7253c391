#!/bin/sh
# Unpacks syslog-ng beside whatever syslog daemon this machine has: the Debian packages of rsyslog and syslog-ng conflict.
# tests/receivers.rs looks into the folder that this fills: target/receivers, or the one that is named.
set -eu
folder=${1:-$(dirname "$0")/../target/receivers}
mkdir -p "$folder"
cd "$folder"
if [ -x usr/sbin/syslog-ng ]; then
    exit 0
fi
# A folder that apt's own user may write to; what is not installed already comes too, but for the daemons themselves.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -o APT::Sandbox::User=root syslog-ng-core libivykis0 libnet1 libjson-c5 libwrap0 libpcre3 libglib2.0-0 libsystemd0 libcap2
cd - >/dev/null
for package in "$work"/*.deb; do
    dpkg -x "$package" .
done
echo "syslog-ng is in $PWD"
