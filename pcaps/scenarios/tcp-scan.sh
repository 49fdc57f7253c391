#!/bin/bash
# nmap scans twelve ports half open: one is open (SYN, SYN-ACK, RST), the others are closed.
# packages: nmap netcat-openbsd
# ports: tcp/22 and others
# expect: 12 tcp.flags.syn==1 && tcp.flags.ack==0
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==1
# expect: 12 tcp.flags.reset==1

. "${0%/*}/../lib.sh"
serve nc -l -k 22
listening tcp 22
capture tcp
client nmap -n -Pn -sS -p 21,22,23,25,53,80,110,139,143,443,445,8080 --max-retries 0 "$S4"
