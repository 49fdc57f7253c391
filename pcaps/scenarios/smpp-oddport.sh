#!/bin/bash
# Net::SMPP both sides on an odd port: the same as smpp-shop.
# packages: libnet-smpp-perl
# ports: tcp/12775
# expect: smpp.command_id==0x00000009
# expect: smpp.command_id==0x00000004

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smpp.sh"
centre 12775
capture tcp
client perl /srv/send.pl 12775 "$PASSWORD"
