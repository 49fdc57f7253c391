#!/bin/bash
# tftp-hpa both sides: a file got, another put, one that is not there; then curl, which asks for larger blocks.
# packages: tftpd-hpa tftp-hpa curl
# ports: udp/69, transfers from ports of their own
# expect: 3 tftp.opcode==1
# expect: tftp.opcode==2
# expect: tftp.opcode==6
# expect: tftp.error.code==1

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/tftp.sh"
tftp_server 69
capture udp
client tftp -m binary server -c get boot.ipxe
client tftp -m binary server -c put host.log
client tftp -m binary server -c get missing.bin || true
client curl -s -S -o /dev/null --tftp-blksize 1024 tftp://server/boot.ipxe
