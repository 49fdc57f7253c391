# shellcheck shell=bash
# diod with two files, and its tools.

# files PORT
files() {
    mkdir -p "$WORK/server/srv/letters"
    echo 'Dear Bob,' | put /srv/letters/bob.txt
    head -c 5000 /dev/zero | tr '\0' 'x' | put /srv/letters/long.txt
    chmod -R a+rX "$WORK/server/srv"
    printf 'listen = { "%s:%s" }\nauth_required = 0\nexports = { "/srv/letters", "ctl" }\nlogdest = "stderr"\n' "$S4" "$1" | put /srv/diod.conf
    serve diod -f -c /srv/diod.conf
    listening tcp "$1"
}

# look PORT
look() {
    client diodls -s "$S4:$1" -a /srv/letters -l >/dev/null
    client diodcat -s "$S4:$1" -a /srv/letters bob.txt long.txt >/dev/null
    fails client diodcat -s "$S4:$1" -a /srv/letters carol.txt 2>/dev/null
    fails client diodls -s "$S4:$1" -a /srv/secrets 2>/dev/null
    client diodcat -s "$S4:$1" -a ctl version >/dev/null
}
