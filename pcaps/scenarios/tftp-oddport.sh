#!/bin/bash
# tftp-hpa both sides on an odd port: a file got in mode netascii, and in mode octet.
# packages: tftpd-hpa tftp-hpa
# ports: udp/6900, transfers from ports of their own
# decode: udp.port==6900,tftp
# expect: 2 tftp.opcode==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tftp.sh"
tftp_server 6900
capture udp
client tftp -m ascii server 6900 -c get boot.ipxe
client tftp -m binary server 6900 -c get boot.ipxe
