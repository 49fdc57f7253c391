#!/bin/bash
# svnserve and svn on an odd port: the same as svn-letters.
# packages: subversion
# ports: tcp/13690
# expect: tcp.payload contains "CRAM-MD5"
# expect: tcp.payload contains "A letter"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/svn.sh"
repository 13690
capture tcp
work 13690
