#!/bin/bash
# OpenVPN both sides, over TCP on the port of HTTPS, behind a digest (tls-auth).
# packages: openvpn openssl
# ports: tcp/443
# decode: tcp.port==443,openvpn
# expect: openvpn.opcode==7
# expect: openvpn.opcode==8
# accept: _ws.malformed

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/openvpn.sh"
openvpn_files
tunnel tcp 443 --tls-auth /srv/shared.key --auth SHA256
