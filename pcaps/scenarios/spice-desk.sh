#!/bin/bash
# QEMU's screen by SPICE: a wrong password, then the right one, and a picture of the screen taken; no password on an odd port.
# packages: qemu-system-x86 spice-client-gtk
# ports: tcp/5930, tcp/3389
# files: spice-desk.pcap.gz
# expect: spice

. "${0%/*}/../lib.sh"
machine() { serve qemu-system-x86_64 -name example -m 16 -display none -nodefaults -vga std -S "$@"; }
machine -object secret,id=p,data="$PASSWORD" -spice port=5930,password-secret=p
machine -spice port=3389,disable-ticketing=on
listening tcp 5930
listening tcp 3389
capture --gzip tcp # it measures the line by 250 kB of zeros
shot() { client timeout 6 spicy-screenshot -h "$S4" -o /tmp/screen.ppm "$@" >/dev/null 2>&1; }
fails shot -p 5930 -w wrong
shot -p 5930 -w "$PASSWORD"
shot -p 3389
