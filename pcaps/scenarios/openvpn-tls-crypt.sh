#!/bin/bash
# OpenVPN both sides, over UDP on the port of DNS, with encrypted control messages (tls-crypt).
# packages: openvpn openssl
# ports: udp/53
# decode: udp.port==53,openvpn
# expect: openvpn.opcode==7
# expect: openvpn.opcode==8

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/openvpn.sh"
openvpn_files
tunnel udp 53 --tls-crypt /srv/shared.key
