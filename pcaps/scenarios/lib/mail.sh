# shellcheck shell=bash
# Postfix, which takes mail for example.com and throws it away, and Dovecot for users' mailboxes and passwords; swaks and curl as clients.

# mail_server PORT [NAME=VALUE...] starts Postfix; the rest goes into main.cf.
mail_server() {
    local port=$1 line
    shift
    mkdir -p "$WORK/server/srv/"{postfix,queue,data}
    chown postfix "$WORK/server/srv/data"
    {
        printf '%s\n' 'compatibility_level = 3.6' 'queue_directory = /srv/queue' 'data_directory = /srv/data' 'myhostname = mail.example.com' \
            'mydestination = example.com' 'mynetworks = 127.0.0.0/8' 'local_transport = discard:' 'local_recipient_maps =' \
            'inet_interfaces = all' 'maillog_file = /dev/stdout' 'maillog_file_prefixes = /dev' 'alias_maps =' 'smtpd_peername_lookup = no' \
            'smtpd_banner = mail.example.com ESMTP' 'import_environment = MAIL_CONFIG' 'biff = no'
        for line in "$@"; do echo "$line"; done
    } | put /srv/postfix/main.cf
    sed "s/^smtp  *inet .*/$port inet n - n - - smtpd/; s/^\([a-z]*  *unix  *[-n]  *[-yn]  *\)y/\1n/" /usr/share/postfix/master.cf.dist |
        put /srv/postfix/master.cf
    serve postfix -c /srv/postfix start-fg
    listening tcp "$port"
}

# mailboxes [LINE...] starts Dovecot with a mailbox for alice (two messages in it), POP3 on 110, IMAP on 143, and Postfix's passwords;
# lines go into its configuration.
mailboxes() {
    mkdir -p "$WORK/server/srv/"{dovecot,mail/alice/cur,mail/alice/new,mail/alice/tmp}
    printf 'From: bob@example.net\r\nTo: alice@example.com\r\nSubject: Lunch\r\nMessage-ID: <1@example.net>\r\n\r\nAt noon?\r\n' \
        >"$WORK/server/srv/mail/alice/new/1.example"
    printf 'From: carol@example.net\r\nTo: alice@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <2@example.net>\r\n\r\nHello.\r\n' \
        >"$WORK/server/srv/mail/alice/new/2.example"
    chown -R 2001:2001 "$WORK/server/srv/mail"
    echo "alice:{PLAIN}$PASSWORD:2001:2001::/srv" | put /srv/dovecot.users
    printf '%s\n' 'protocols = imap pop3' 'base_dir = /run/dovecot' 'log_path = /dev/stderr' 'disable_plaintext_auth = no' 'ssl = no' \
        'mail_location = maildir:/srv/mail/%u' 'passdb {' 'driver = passwd-file' 'args = /srv/dovecot.users' '}' \
        'userdb {' 'driver = passwd-file' 'args = /srv/dovecot.users' '}' 'auth_mechanisms = plain login cram-md5' \
        'service auth {' 'unix_listener /srv/auth {' 'mode = 0666' '}' '}' 'service anvil {' 'unix_listener anvil-auth-penalty {' 'mode = 0' '}' '}' 'state_dir = /srv/dovecot' 'listen = *' "$@" |
        put /srv/dovecot.conf
    serve dovecot -F -c /srv/dovecot.conf
    listening tcp "${IMAP_PORT:-143}"
}

# picture puts picture.png on the client.
picture() { client /usr/bin/python3 /mnt/pictures.py /srv; }

# mail SWAKS-ARGUMENT... sends one from alice to bob.
mail() {
    client swaks --server mail.example.com --helo client.example.com --from alice@example.com --to bob@example.com \
        --header 'Subject: Minutes' --header 'Message-Id: <4711@client.example.com>' --body 'As agreed.' "$@" >>"$WORK/serve.log"
}
echo "$S4 mail.example.com" >>"$WORK/client/etc/hosts"
