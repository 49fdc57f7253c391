#!/bin/bash
# inetutils' telnetd and telnet: options, a wrong password, then alice's, and two commands, typed by hand.
# packages: inetutils-telnet inetutils-telnetd openbsd-inetd socat login python3-minimal
# ports: tcp/23
# expect: telnet.cmd==253
# expect: telnet.data contains "login:"

. "${0%/*}/../lib.sh"
for part in auth account session; do echo "$part required pam_unix.so"; done | put /etc/pam.d/login # nothing of this machine's greetings
serve socat TCP-LISTEN:23,reuseaddr EXEC:'/usr/sbin/telnetd -h',nofork
listening tcp 23
capture tcp
client /usr/bin/python3 /mnt/typist.py '' '' 'alice\n' 'letmein\n' '' '' '' 'alice\n' "$PASSWORD\n" 'uname -s\n' 'exit\n' -- telnet server
