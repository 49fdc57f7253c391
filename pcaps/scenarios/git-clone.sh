#!/bin/bash
# git daemon and git: a clone (version 2), the list of references in version 0, a repository that is not there.
# packages: git
# ports: tcp/9418
# expect: 3 tcp.dstport==9418 && tcp.payload contains "git-upload-pack /"
# expect: tcp.payload contains "command=fetch"
# expect: tcp.payload contains "ERR "

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/git.sh"
git_server 9418
capture tcp
client /usr/bin/git clone -q git://server/songs.git /tmp/songs
client /usr/bin/git -c protocol.version=0 ls-remote git://server/songs.git >/dev/null
fails client /usr/bin/git ls-remote git://server/none.git 2>/dev/null
