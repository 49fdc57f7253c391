#!/bin/bash
# OpenSSH and some 25 kB of output over a bad line: each side of the tap loses 5 % of the frames, delays 5 ms, brings 5 % late
# and 2 % twice, so the capture has retransmissions, duplicates, other order, and segments lost before they were seen.
# packages: openssh-server openssh-client python3-minimal
# ports: tcp/22
# expect: tcp.port==22 && ssh.protocol contains "SSH-2.0-OpenSSH"
# expect: tcp.analysis.retransmission
# expect: tcp.analysis.out_of_order || tcp.analysis.lost_segment
# expect: tcp.flags.fin==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/ssh.sh"
sshd 22
wire --loss 0.05 --delay 0.005 --reorder 0.05 --late 0.02 --double 0.02 --seed 7
capture tcp
login -i /home/alice/.ssh/id alice@server head -c 25000 /dev/urandom
