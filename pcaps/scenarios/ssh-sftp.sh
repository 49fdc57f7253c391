#!/bin/bash
# sftp both ways: a file of 20 kB put and got again, inside OpenSSH, on HTTP's port.
# packages: openssh-server openssh-client openssh-sftp-server
# ports: tcp/80
# decode: tcp.port==80,ssh
# expect: tcp.dstport==80 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: 2 ssh.message_code==20

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 80 'Subsystem sftp internal-sftp'
head -c 20000 /dev/urandom >"$WORK/client/srv/random"
printf 'put /srv/random copy\nget copy /srv/back\nrm copy\n' >"$WORK/client/srv/batch"
capture tcp
client sftp "${SSH_OPTIONS[@]}" -q -P 80 -i /home/alice/.ssh/id -b /srv/batch alice@server
cmp "$WORK/client/srv/random" "$WORK/client/srv/back"
