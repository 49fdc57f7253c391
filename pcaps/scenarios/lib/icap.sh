# shellcheck shell=bash
# c-icap with its echo service, and its client.

# icap PORT
icap() {
    put /srv/icap.conf <<CONF
PidFile /srv/icap.pid
CommandsSocket /srv/icap.ctl
Port $1
User root
Group root
ServerAdmin alice@example.com
ServerName icap.example.com
TmpDir /tmp
ModulesDir /usr/lib/x86_64-linux-gnu/c_icap
ServicesDir /usr/lib/x86_64-linux-gnu/c_icap
TemplateDir /usr/share/c_icap/templates/
LoadMagicFile /etc/c-icap/c-icap.magic
ServerLog /srv/server.log
AccessLog /srv/access.log
StartServers 1
MaxServers 1
Service echo srv_echo.so
CONF
    serve c-icap -N -D -f /srv/icap.conf
    listening tcp "$1"
    echo 'Dear Bob, this is a letter.' | put_client /srv/letter.txt
}

# ask PORT
ask() {
    client c-icap-client -i server -p "$1" -s echo -v >/dev/null 2>&1
    client c-icap-client -i server -p "$1" -s echo -v -f /srv/letter.txt -resp http://www.example.com/letter.txt -o /srv/back.txt >/dev/null 2>&1
    client c-icap-client -i server -p "$1" -s echo -v -no204 -nopreview -f /srv/letter.txt -req http://www.example.com/letters -method POST -o /srv/back2.txt >/dev/null 2>&1
    client c-icap-client -i server -p "$1" -s missing -v >/dev/null 2>&1 || true
}
