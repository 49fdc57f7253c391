#!/bin/bash
# inetutils' telnetd and telnet on an odd port: a login at once, and out.
# packages: inetutils-telnet inetutils-telnetd openbsd-inetd socat login python3-minimal
# ports: tcp/2323
# decode: tcp.port==2323,telnet
# expect: telnet.cmd==253
# expect: telnet.data contains "Password:"

. "${0%/*}/../lib.sh"
for part in auth account session; do echo "$part required pam_unix.so"; done | put /etc/pam.d/login # nothing of this machine's greetings
serve socat TCP-LISTEN:2323,reuseaddr EXEC:'/usr/sbin/telnetd -h',nofork
listening tcp 2323
capture tcp
client /usr/bin/python3 /mnt/typist.py '' '' 'alice\n' "$PASSWORD\n" '' '' 'exit\n' -- telnet server 2323
