#!/bin/bash
# ngircd and netcat on port 6667: registration, a channel, a message, and out.
# packages: ngircd netcat-openbsd
# ports: tcp/6667
# decode: tcp.port==6667,irc
# expect: irc.request.command=="JOIN"

. "${0%/*}/../lib.sh"
put /srv/ngircd.conf <<CONF
[Global]
Name = irc.example.com
Info = an example
Ports = 6667
ServerUID = irc
ServerGID = irc
[Limits]
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
CONF
serve ngircd -n -f /srv/ngircd.conf
listening tcp 6667
capture tcp
say() {
    for line in 'NICK alice' 'USER alice 0 * :Alice Example' 'JOIN #garden' 'PRIVMSG #garden :good morning' 'WHOIS alice' 'QUIT :bye'; do
        sleep 0.3
        printf '%s\r\n' "$line"
    done
}
say | client nc -N server 6667 >/dev/null
