#!/bin/bash
# A machine that manages another: forty commands one after the other on one OpenSSH connection (ControlMaster), some of them slow.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
put_client /srv/batch <<'SH'
set -e
ssh="ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ControlPath=/tmp/control"
$ssh -o ControlMaster=yes -o ControlPersist=yes -i /home/alice/.ssh/id alice@server true
for nth in $(seq 40); do $ssh alice@server "test -d /tmp && sleep 0.$((nth * 7 % 4)) && echo changed=$nth"; done
$ssh -O exit alice@server
SH
capture tcp
client sh /srv/batch
