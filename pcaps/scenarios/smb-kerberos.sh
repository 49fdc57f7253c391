#!/bin/bash
# Samba both sides, SMB 3.1.1: alice fetches a Kerberos ticket and shows it to a server that is no member of her domain and does not take it.
# packages: samba smbclient krb5-kdc krb5-admin-server krb5-user
# ports: tcp/445 tcp/88
# expect: kerberos.msg_type==14
# expect: smb2.nt_status!=0 && smb2.cmd==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/kerberos.sh"
. "$PCAPS/scenarios/lib/smb.sh"
realm 88 cifs/server.example.com
file_server 445 'realm = EXAMPLE.COM' 'kerberos method = dedicated keytab' 'dedicated keytab file = /srv/keytab'
login "$PASSWORD"
capture tcp
fails member smbclient --configfile=/srv/smb.conf //server.example.com/files --use-kerberos=required --use-krb5-ccache=/srv/tickets -c ls
