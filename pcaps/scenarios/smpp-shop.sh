#!/bin/bash
# Net::SMPP both sides: a wrong password, then the right one; a message sent and its receipt, one to nobody, a question after one, a sign of life.
# packages: libnet-smpp-perl
# ports: tcp/2775
# expect: smpp.command_id==0x00000009
# expect: smpp.command_id==0x00000004

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/smpp.sh"
centre 2775
capture tcp
client perl /srv/send.pl 2775 "$PASSWORD"
