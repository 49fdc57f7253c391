# shellcheck shell=bash
# Net-SNMP's agent, with a community and two accounts.

# agent PORT starts snmpd.
agent() {
    put /srv/snmpd.conf <<CONF
rocommunity garden
rwcommunity shed
sysName switch-7
sysDescr Example switch
sysLocation second floor
createUser nobody
createUser monitor SHA "long-and-secret" AES "longer-and-secret"
rouser nobody noauth
rouser monitor priv
CONF
    serve env SNMP_PERSISTENT_DIR=/srv/state snmpd -f -Lo -C -c /srv/snmpd.conf "udp:$1,tcp:$1"
    listening udp "$1"
    sleep 1
}
