#!/bin/bash
# SMB 2.1 over a bad line: a file of 15 kB put and got; each side of the tap loses 3 % of the frames, delays 3 ms, brings 5 % late.
# packages: samba smbclient python3-minimal
# ports: tcp/445
# expect: smb2.filename contains "numbers.txt"
# accept: _ws.malformed
# expect: tcp.analysis.retransmission

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smb.sh"
file_server 445
seq -f 'number %g' 1400 >"$WORK/client/srv/numbers.txt"
wire --loss 0.03 --delay 0.003 --reorder 0.05 --late 0.01 --seed 11
capture tcp
connect files 'put numbers.txt; get numbers.txt back.txt' -U "alice%$PASSWORD" -m SMB2_10
cmp "$WORK/client/srv/numbers.txt" "$WORK/client/srv/back.txt"
