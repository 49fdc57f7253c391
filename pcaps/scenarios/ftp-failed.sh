#!/bin/bash
# vsftpd on an odd port: a wrong password, and anonymous, who is not let in; then alice, who asks for a file that is not there.
# packages: vsftpd curl
# ports: tcp/2121
# decode: tcp.port==2121,ftp
# expect: 2 ftp.response.code==530
# expect: ftp.response.code==550

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ftp.sh"
ftp_server 2121
capture tcp
fails client curl -s -u alice:letmein ftp://server:2121/
fails client curl -s ftp://server:2121/
fails fetch ftp://server:2121/papers/missing.txt
