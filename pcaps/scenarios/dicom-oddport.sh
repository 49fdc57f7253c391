#!/bin/bash
# dcmtk's archive and tools on an odd port: the same as dicom-archive.
# packages: dcmtk
# ports: tcp/18104
# decode: tcp.port==18104,dicom
# expect: dicom.pdu.type==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/dicom.sh"
archive 18104
capture tcp
visit 18104
