#!/bin/bash
# OpenSSH, three wrong passwords, never logged in: the server says no and the client goes.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: 2 ssh.message_code==20

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
capture tcp
for password in 1234 letmein secret; do echo $password; done >"$WORK/client/srv/passwords"
put_client /srv/askpass <<'ASKPASS'
#!/bin/bash
head -n 1 /srv/passwords
sed -i 1d /srv/passwords
ASKPASS
chmod +x "$WORK/client/srv/askpass"
fails login -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=3 alice@server true
