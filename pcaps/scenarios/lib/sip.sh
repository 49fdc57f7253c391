# shellcheck shell=bash
# SIPp on both sides.

# sip_answers PORT TRANSPORT starts a side that takes calls and sends back whatever media it hears (u1: UDP, t1: TCP).
sip_answers() {
    serve sipp -sn uas -rtp_echo -t "$2" -i $S4 -p "$1" -mp 6000 -nostdin
    if [ "$2" = u1 ]; then listening udp "$1"; else listening tcp "$1"; fi
}

# sip_registrar PORT starts a side that asks for credentials and then believes any.
sip_registrar() {
    put /srv/registrar.xml <<'XML'
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="registrar">
  <recv request="REGISTER"/>
  <send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="example.com", nonce="6f1d0c57", algorithm=MD5
Server: registrar/1.0
Content-Length: 0

]]></send>
  <recv request="REGISTER"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Contact:]
Server: registrar/1.0
Content-Length: 0

]]></send>
</scenario>
XML
    serve sipp -sf /srv/registrar.xml -i $S4 -p "$1" -mp 6200 -cp 8900 -nostdin
    listening udp "$1"
}

# sip_registers PORT: alice registers there.
sip_registers() {
    local field
    field='REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Alice" <sip:alice@example.com>;tag=[call_number]
To: <sip:alice@example.com>
Call-ID: [call_id]
Contact: <sip:alice@[local_ip]:[local_port]>;expires=300
User-Agent: phone/2.1'
    put_client /srv/register.xml <<XML
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="register">
  <send><![CDATA[
$field
CSeq: 1 REGISTER
Content-Length: 0

]]></send>
  <recv response="401" auth="true"/>
  <send><![CDATA[
$field
CSeq: 2 REGISTER
[authentication username=alice password=$PASSWORD]
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
XML
    client sipp -sf /srv/register.xml -i $C4 -p 5070 -m 1 -nostdin "$S4:$1" >>"$WORK/serve.log"
}

# sip_call PORT: a call with media, a keypad's tone as RTP (RFC 4733) from one of SIPp's own recordings.
sip_call() {
    put_client /srv/call.xml <<'XML'
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="call">
  <send retrans="500"><![CDATA[
INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Alice" <sip:alice@example.com>;tag=[call_number]
To: <sip:bob@example.com>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:alice@[local_ip]:[local_port]>
User-Agent: phone/2.1
Content-Type: application/sdp
Content-Length: [len]

v=0
o=alice 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000

]]></send>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK sip:bob@example.com SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Alice" <sip:alice@example.com>;tag=[call_number]
To: <sip:bob@example.com>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
  <nop><action><exec play_pcap_audio="/usr/share/sip-tester/dtmf_2833_5.pcap"/></action></nop>
  <pause milliseconds="1500"/>
  <send retrans="500"><![CDATA[
BYE sip:bob@example.com SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Alice" <sip:alice@example.com>;tag=[call_number]
To: <sip:bob@example.com>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
XML
    client sipp -sf /srv/call.xml -i $C4 -p 5060 -mp 7000 -m 1 -nostdin "$S4:$1" >>"$WORK/serve.log"
}
