#!/bin/bash
# Prosody and netcat: a login in clear (SASL PLAIN), a resource, a message to oneself; on an odd port.
# packages: prosody netcat-openbsd
# ports: tcp/5333
# decode: tcp.port==5333,xmpp
# accept: _ws.malformed
# expect: xmpp.auth

. "${0%/*}/../lib.sh"
put /srv/prosody.cfg.lua <<'CONF'
modules_enabled = { "saslauth" }
modules_disabled = { "s2s", "tls" }
c2s_ports = { 5333 }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
data_path = "/srv/data"
pidfile = "/srv/prosody.pid"
run_as_root = true
log = { info = "*console" }
VirtualHost "example.com"
CONF
mkdir -p "$WORK/server/srv/data/example%2ecom/accounts"
echo "return { [\"password\"] = \"$PASSWORD\" };" >"$WORK/server/srv/data/example%2ecom/accounts/alice.dat"
chmod -R a+rwX "$WORK/server/srv"
serve prosody -F --config /srv/prosody.cfg.lua
listening tcp 5333
capture tcp
say() {
    local stream="<?xml version='1.0'?><stream:stream to='example.com' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
    echo "$stream"
    sleep 0.5
    echo "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>$(printf '\0alice\0%s' "$PASSWORD" | base64)</auth>"
    sleep 0.5
    echo "$stream"
    sleep 0.5
    echo "<iq id='1' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind></iq>"
    sleep 0.5
    echo "<message to='alice@example.com' id='2'><body>remember the milk</body></message></stream:stream>"
    sleep 0.5
}
say | client nc -N server 5333 >/dev/null
