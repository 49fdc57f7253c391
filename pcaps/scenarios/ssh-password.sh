#!/bin/bash
# OpenSSH, two wrong passwords and then the right one in one session, on a port that others use for TLS.
# packages: openssh-server openssh-client
# ports: tcp/8443
# decode: tcp.port==8443,ssh
# expect: tcp.dstport==8443 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: 2 ssh.message_code==20
# expect: 1 tcp.flags.syn==1 && tcp.flags.ack==0

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 8443
put_client /srv/askpass <<'ASKPASS'
#!/bin/bash
echo x >>/srv/asked
if [ "$(wc -l </srv/asked)" -le 2 ]; then echo wrong; else echo correct-horse; fi
ASKPASS
chmod +x "$WORK/client/srv/askpass"
capture tcp
login -p 8443 -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=3 alice@server id -un
