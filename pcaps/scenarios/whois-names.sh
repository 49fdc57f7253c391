#!/bin/bash
# Debian's whois asks a server of ours (no package has one): a name that is registered, one that is not; on its own port and on an odd one.
# packages: whois socat
# ports: tcp/43, tcp/4300
# expect: 4 tcp.payload contains "example"

. "${0%/*}/../lib.sh"
put /srv/answer.sh <<'SH'
read -r name
name=${name%?}
case $name in
*example.com) printf 'Domain Name: EXAMPLE.COM\r\nRegistrar: Example Registrar\r\nCreation Date: 2020-01-03T10:15:00Z\r\nName Server: NS1.EXAMPLE.COM\r\n' ;;
*) printf 'No match for domain "%s".\r\n' "$name" ;;
esac
SH
for port in 43 4300; do
    serve socat "TCP-LISTEN:$port,reuseaddr,fork" EXEC:'sh /srv/answer.sh'
    listening tcp $port
done
capture tcp
client whois -h "$S4" example.com >/dev/null
fails client whois -h "$S4" missing.example >/dev/null || true
client whois -h "$S4" -p 4300 example.com >/dev/null
