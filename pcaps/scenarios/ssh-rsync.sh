#!/bin/bash
# rsync over OpenSSH: a folder of sixty small files, twice, the second time with some of them changed.
# packages: openssh-server openssh-client rsync
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
mkdir -p "$WORK/client/srv/tree"
for nth in $(seq 60); do seq "$nth" 60 >"$WORK/client/srv/tree/$nth"; done
capture tcp
client rsync -a -e "ssh ${SSH_OPTIONS[*]} -i /home/alice/.ssh/id" /srv/tree alice@server:/tmp/
for nth in 7 8 9; do echo changed >>"$WORK/client/srv/tree/$nth"; done
client rsync -a -e "ssh ${SSH_OPTIONS[*]} -i /home/alice/.ssh/id" /srv/tree alice@server:/tmp/
