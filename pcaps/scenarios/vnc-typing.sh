#!/bin/bash
# TigerVNC with a terminal on the screen: the mouse goes there, and somebody types two commands.
# packages: tigervnc-standalone-server tigervnc-viewer tigervnc-tools xterm xdotool
# ports: tcp/5901
# expect: vnc.client_message_type==255

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/vnc.sh"
vnc_server 5901 VncAuth
serve env DISPLAY=:1 xterm -geometry 22x10+0+0 -fn fixed -e /bin/sh
sleep 2
server env DISPLAY=:1 xdotool search --onlyvisible --class xterm windowfocus # there is no window manager to do it
capture tcp
(
    sleep 3
    x() { "$PCAPS/inside.sh" "$NET" "$WORK" client env DISPLAY=:2 xdotool "$@" >>"$WORK/serve.log" 2>&1 || true; }
    x search --onlyvisible --name alice windowmove 0 0 windowfocus
    x mousemove 60 60
    x mousemove 70 80
    keys=(l s space minus l Return e c h o space h e l l o space f r o m space a l i c e Return)
    pauses=(.11 .08 .19 .13 .22 .31 .09 .15 .12 .27)
    for at in "${!keys[@]}"; do
        x key --delay 160 "${keys[$at]}"
        sleep "${pauses[$((at % 10))]}"
    done
) &
WATCHED=14 watch 5901
