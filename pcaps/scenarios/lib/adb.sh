# shellcheck shell=bash
# Android's debugger server, and its client, which asks it from another machine.

# debugger PORT
debugger() {
    serve env HOME=/srv adb -a -P "$1" nodaemon server
    listening tcp "$1"
}

# ask PORT
ask() {
    local to=(env HOME=/srv adb -H "$S4" -P "$1")
    client "${to[@]}" devices >/dev/null
    fails client "${to[@]}" shell id 2>/dev/null
    client "${to[@]}" connect 10.20.0.2:9 >/dev/null || true
    client "${to[@]}" host-features >/dev/null 2>&1 || true
}
