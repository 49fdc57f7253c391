#!/bin/bash
# OpenVPN both sides, over UDP, nothing around the control messages, TLS 1.2.
# packages: openvpn openssl
# ports: udp/1194
# expect: openvpn.opcode==7
# expect: openvpn.opcode==8
# expect: openvpn.opcode==4

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/openvpn.sh"
openvpn_files
tunnel udp 1194 --tls-version-max 1.2
