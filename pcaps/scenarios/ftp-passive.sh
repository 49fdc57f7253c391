#!/bin/bash
# vsftpd and curl: log in, list a folder (EPSV), get a file (PASV), put one, rename and delete it.
# packages: vsftpd curl
# ports: tcp/21, data tcp/40000-40009
# expect: 3 ftp.request.command=="PASS"
# expect: ftp.response.code==229
# expect: ftp.response.code==227
# expect: ftp-data
# expect: ftp.request.command=="RNTO"
# expect: ftp.request.command=="DELE"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ftp.sh"
ftp_server 21
capture tcp
fetch ftp://server/papers/
fetch --disable-epsv ftp://server/papers/report.txt
fetch -T /srv/letter.txt ftp://server/papers/ -Q '-RNFR letter.txt' -Q '-RNTO mail.txt' -Q '-DELE mail.txt'
