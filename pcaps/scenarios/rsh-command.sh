#!/bin/bash
# rsh-redone both sides: a command on a host that trusts the client; the connection for its errors comes back from the server.
# packages: rsh-redone-client rsh-redone-server socat
# ports: tcp/514
# expect: rsh

. "${0%/*}/../lib.sh"
echo 'client alice' | put /home/alice/.rhosts
chown -R 2001:2001 "$WORK/server/home/alice"
chmod 600 "$WORK/server/home/alice/.rhosts"
for part in auth account session; do echo "$part required pam_permit.so"; done | put /etc/pam.d/rsh
serve socat TCP-LISTEN:514,reuseaddr,fork EXEC:/usr/sbin/in.rshd,nofork
listening tcp 514
capture tcp
client rsh-redone-rsh -l alice server 'echo hello; ls /nowhere' || true
