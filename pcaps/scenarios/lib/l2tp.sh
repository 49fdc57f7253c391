# shellcheck shell=bash
# Two xl2tpd. The kernel of a machine that records need not know PPP: slirp, which speaks it in its own process, stands in pppd's place.

# tunnel PORT starts the server's; call PORT opens a tunnel to it, a call in it, and closes both.
tunnel() {
    put /srv/pppd <<'CONF' && chmod 755 "$WORK/server/srv/pppd"
#!/bin/sh
exec slirp-fullbolt ppp initiate-options
CONF
    put /srv/l2tp.conf <<CONF
[global]
port = $1
[lns default]
ip range = 10.0.9.10-10.0.9.20
local ip = 10.0.9.1
refuse authentication = yes
challenge = ${2:-no}
name = lns.example.com
CONF
    put_client /srv/l2tp.conf <<CONF
[global]
port = 1701
[lac example]
lns = 10.20.0.2:$1
name = lac.example.com
challenge = ${2:-no}
CONF
    echo "* * $PASSWORD *" | put /srv/secrets
    cp "$WORK/server/srv/pppd" "$WORK/client/srv/pppd"
    cp "$WORK/server/srv/secrets" "$WORK/client/srv/secrets"
    serve bash -c 'mkdir -p /run/xl2tpd; mount --bind /srv/pppd /usr/sbin/pppd; exec xl2tpd -D -c /srv/l2tp.conf -s /srv/secrets -C /run/xl2tpd/control'
    listening udp "$1"
}

call() {
    client bash -c 'mkdir -p /run/xl2tpd; mount --bind /srv/pppd /usr/sbin/pppd
        xl2tpd -D -c /srv/l2tp.conf -s /srv/secrets -C /run/xl2tpd/control & sleep 1
        xl2tpd-control -c /run/xl2tpd/control connect-lac example; sleep 4
        xl2tpd-control -c /run/xl2tpd/control disconnect-lac example; sleep 1; kill %1; sleep 1' || true
}
