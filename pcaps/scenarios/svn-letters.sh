#!/bin/bash
# svnserve and svn: a checkout, a commit with a wrong password (CRAM-MD5) and with the right one, the log, the list, a file, and one that is not there.
# packages: subversion
# ports: tcp/3690
# expect: tcp.payload contains "CRAM-MD5"
# expect: tcp.payload contains "A letter"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/svn.sh"
repository 3690
capture tcp
work 3690
