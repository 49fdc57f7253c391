#!/bin/bash
# pptpd and pptp-linux: a tunnel, a call in it, PPP in GRE (both ends by slirp), and the end.
# packages: pptpd pptp-linux slirp socat
# ports: tcp/1723, and GRE
# expect: pptp.control_message_type==1
# expect: pptp.control_message_type==7
# expect: gre

. "${0%/*}/../lib.sh"
put /srv/pppd <<'CONF'
#!/bin/sh
exec slirp-fullbolt ppp initiate-options
CONF
chmod 755 "$WORK/server/srv/pppd"
put /srv/pptpd.conf <<'CONF'
ppp /srv/pppd
noipparam
localip 10.0.9.1
remoteip 10.0.9.10-20
CONF
serve pptpd --fg --conf /srv/pptpd.conf --pidfile /run/pptpd.pid
listening tcp 1723
capture
client bash -c 'mkdir -p /run/pptp; timeout 6 socat EXEC:"pptp server --nolaunchpppd --nohostroute --phone 5551234",pty,rawer EXEC:"slirp-fullbolt ppp initiate-options",pty,rawer' >/dev/null 2>&1 || true
