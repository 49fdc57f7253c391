#!/bin/bash
# ffmpeg announces by SAP a session that it sends by RTP to a group, and takes it back; minisapserver announces another.
# packages: ffmpeg minisapserver
# ports: udp/9875
# expect: sap.flags==0x20

. "${0%/*}/../lib.sh"
client bash -c 'ip route add 224.0.0.0/4 dev eth0'
server bash -c 'ip route add 224.0.0.0/4 dev eth0'
put /srv/sap.cfg <<'CONF'
[global]
sap_delay=2
[program]
name=Example News
user=alice
machine=server
site=http://www.example.com
address=239.255.12.34
program_ttl=15
port=5006
CONF
capture udp
serve sapserver -c /srv/sap.cfg
client ffmpeg -loglevel error -re -f lavfi -i sine=frequency=440 -c:a pcm_mulaw -ar 8000 -t 4 -metadata title='Example Radio' -f sap 'sap://239.255.12.30:5004?announce_addr=224.2.127.254&ttl=1'
