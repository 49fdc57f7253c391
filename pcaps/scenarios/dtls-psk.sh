#!/bin/bash
# DTLS 1.2 with a pre-shared key, as small devices use it (CoAP's port), no certificates.
# packages: openssl
# ports: udp/5684
# decode: udp.port==5684,dtls
# expect: dtls.handshake.type==2
# never: dtls.handshake.type==11

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tls.sh"
. "$PCAPS/scenarios/lib/dtls.sh"
dtls_server 5684 -nocert -psk 00112233445566778899aabbccddeeff -psk_identity alice -cipher PSK
capture udp
dtls_talk 5684 -psk 00112233445566778899aabbccddeeff -psk_identity alice -cipher PSK
