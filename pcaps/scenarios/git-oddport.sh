#!/bin/bash
# git daemon and git on an odd port: a clone in version 0, a new branch pushed.
# packages: git
# ports: tcp/19418
# expect: tcp.payload contains "git-receive-pack /"
# expect: tcp.payload contains "want "

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/git.sh"
git_server 19418
capture tcp
client /usr/bin/git -c protocol.version=0 clone -q git://server:19418/songs.git /tmp/songs
client /usr/bin/git -C /tmp/songs -c protocol.version=0 push -q origin HEAD:refs/heads/draft
