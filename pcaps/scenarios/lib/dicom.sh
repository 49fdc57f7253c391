# shellcheck shell=bash
# dcmtk's image archive with a picture of nobody's, and what a workstation does with it.

# archive PORT
archive() {
    put /srv/archive.cfg <<CONF
NetworkTCPPort  = $1
MaxPDUSize      = 16384
MaxAssociations = 16
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
ARCHIVE  /srv/images  RW  (200, 1024mb)  ANY
AETable END
CONF
    mkdir -p "$WORK/server/srv/images"
    put_client /srv/picture.dump <<'DUMP'
(0008,0016) UI =SecondaryCaptureImageStorage
(0008,0018) UI [1.2.826.0.1.3680043.9.9999.1.1.1]
(0008,0020) DA [20200103]
(0008,0030) TM [101500]
(0008,0060) CS [OT]
(0010,0010) PN [Example^Alice]
(0010,0020) LO [P-17]
(0010,0030) DA [19800101]
(0010,0040) CS [F]
(0020,000d) UI [1.2.826.0.1.3680043.9.9999.1]
(0020,000e) UI [1.2.826.0.1.3680043.9.9999.1.1]
(0020,0010) SH [S-1]
(0020,0011) IS [1]
(0020,0013) IS [1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 4
(0028,0011) US 4
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
(7fe0,0010) OB 00\11\22\33\44\55\66\77\88\99\aa\bb\cc\dd\ee\ff
DUMP
    client dump2dcm /srv/picture.dump /srv/picture.dcm
    serve dcmqrscp -c /srv/archive.cfg
    listening tcp "$1"
}

# visit PORT
visit() {
    local to=(-aet DESK -aec ARCHIVE server "$1")
    client echoscu "${to[@]}"
    client storescu "${to[@]}" /srv/picture.dcm
    client findscu -P -k QueryRetrieveLevel=STUDY -k PatientName=Example* -k StudyInstanceUID -k PatientID "${to[@]}" 2>/dev/null
    client getscu -P -k QueryRetrieveLevel=STUDY -k PatientID=P-17 -k StudyInstanceUID=1.2.826.0.1.3680043.9.9999.1 -od /srv "${to[@]}" || true
    fails client echoscu -aet DESK -aec NOWHERE server "$1" 2>/dev/null
}
