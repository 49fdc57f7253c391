#!/bin/bash
# OpenSSH with algorithms of the 2000s: group 14 with SHA-1, AES-CBC, HMAC-SHA-1, an RSA host key with ssh-rsa signatures.
# packages: openssh-server openssh-client
# ports: tcp/22
# expect: 2 ssh.kex_algorithms contains "diffie-hellman-group14-sha1"
# expect: 2 ssh.encryption_algorithms_client_to_server == "aes128-cbc"
# expect: 2 ssh.server_host_key_algorithms contains "ssh-rsa"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
ssh-keygen -q -t rsa -b 2048 -N '' -C host -f "$WORK/server/srv/rsa"
OLD=('KexAlgorithms=diffie-hellman-group14-sha1' 'Ciphers=aes128-cbc' 'MACs=hmac-sha1' 'HostKeyAlgorithms=ssh-rsa')
sshd 22 'HostKey /srv/rsa' "${OLD[@]}"
capture tcp
login "${OLD[@]/#/-o}" -i /home/alice/.ssh/id alice@server true
