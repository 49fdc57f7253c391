#!/bin/bash
# Somebody types in tmux over OpenSSH with AES-GCM: a status line that is renewed each second, a second window, a long answer; the line
# delays by 20 ms on each side of the tap.
# packages: openssh-server openssh-client tmux python3-minimal
# ports: tcp/2222
# expect: tcp.port==2222 && tcp.len==36 && ip.src==10.20.0.1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 2222
printf 'set -g status-interval 1\nset -g status-right "%%H:%%M:%%S"\nset -g default-command /bin/sh\n' | put /home/alice/.tmux.conf
wire --delay 0.02
capture tcp
client env TERM=xterm /usr/bin/python3 /mnt/typist.py 'uptime\n' '\x02c' 'ls -l /etc/ssh\n' 'echo one two three\n' 'exit\n' 'exit\n' -- \
    ssh "${SSH_OPTIONS[@]}" -tt -p 2222 -c aes128-gcm@openssh.com -i /home/alice/.ssh/id alice@server tmux -S /tmp/tmux
