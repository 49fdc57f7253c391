#!/bin/bash
# strongSwan both sides: IKEv2 with a shared secret, and the association deleted. There is no IPsec in the kernel here, so no ESP follows.
# packages: charon-systemd strongswan-swanctl
# ports: udp/500
# expect: isakmp.exchangetype==34
# expect: isakmp.exchangetype==35

. "${0%/*}/../lib.sh"
swan() { # LOCAL REMOTE
    cat <<CONF
connections { vpn {
    version = 2
    local_addrs = $1
    remote_addrs = $2
    proposals = aes128-sha256-modp2048
    local { auth = psk
        id = $1 }
    remote { auth = psk
        id = $2 }
} }
secrets { ike-vpn { secret = "$PASSWORD" } }
CONF
}
swan "$S4" "$C4" | put /srv/swanctl.conf
swan "$C4" "$S4" | put_client /srv/swanctl.conf
for host in client server; do
    "$PCAPS/inside.sh" "$NET" "$WORK" $host /usr/sbin/charon-systemd >>"$WORK/serve.log" 2>&1 </dev/null &
    disown
done
listening udp 500
sleep 1
for host in client server; do $host swanctl --load-all --file /srv/swanctl.conf >>"$WORK/serve.log" 2>&1; done
capture udp
client swanctl --initiate --ike vpn --timeout 10 >/dev/null || true
client swanctl --terminate --ike vpn --timeout 5 >/dev/null || true
