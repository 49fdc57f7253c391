#!/bin/bash
# Dropbear's server and client, log in with a password, on DNS's port.
# packages: dropbear-bin
# ports: tcp/53
# decode: tcp.port==53,ssh
# expect: tcp.dstport==53 && ssh.protocol contains "SSH-2.0-dropbear"
# expect: 2 ssh.message_code==20

. "${0%/*}/../lib.sh"
server dropbearkey -t ed25519 -f /srv/host
serve dropbear -F -E -r /srv/host -p 53
listening tcp 53
capture tcp
client env DROPBEAR_PASSWORD="$PASSWORD" dbclient -y -p 53 alice@server uname -s
