#!/bin/bash
# vsftpd and curl, active: the server opens the data connections from port 20 (PORT); then the same over IPv6 (EPRT).
# packages: vsftpd curl
# ports: tcp/21, data from tcp/20
# expect: ftp.request.command=="PORT"
# expect: ftp.request.command=="EPRT"
# expect: 2 tcp.srcport==20 && tcp.flags.syn==1 && tcp.flags.ack==0

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ftp.sh"
ipv6
ftp_server 21 listen=NO listen_ipv6=YES
capture tcp
fetch -P - --disable-eprt ftp://$S4/papers/report.txt
fetch -P - "ftp://[$S6]/papers/report.txt"
