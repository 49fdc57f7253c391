#!/bin/bash
# dcmtk's archive and tools: an echo, a picture stored, found and got, and an archive of a name that is not there, refused.
# packages: dcmtk
# ports: tcp/104
# expect: dicom.assoc.item.type
# expect: dicom.pdu.type==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dicom.sh"
archive 104
capture tcp
visit 104
