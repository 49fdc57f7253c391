# shellcheck shell=bash
# Gearman's job server, a worker that shouts, and who has something to be shouted.

# jobs PORT
jobs_at() {
    serve gearmand -p "$1" -L "$S4" -l stderr
    listening tcp "$1"
}

# shout PORT
shout() {
    "$PCAPS/inside.sh" "$NET" "$WORK" client timeout 8 gearman -h "$S4" -p "$1" -w -f shout -- tr a-z A-Z >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
    sleep 1
    client gearman -h "$S4" -p "$1" -f shout 'Dear Bob' >/dev/null
    client gearman -h "$S4" -p "$1" -b -u letter-17 -f shout 'Dear Carol' >/dev/null
    client gearadmin -h "$S4" -p "$1" --status >/dev/null
    client gearadmin -h "$S4" -p "$1" --workers >/dev/null
    client gearadmin -h "$S4" -p "$1" --server-version >/dev/null
    sleep 1
}
