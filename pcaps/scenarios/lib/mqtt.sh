# shellcheck shell=bash
# A broker on a port, with alice as its only account.
broker() {
    put /srv/mosquitto.conf <<CONF
listener $1
user root
allow_anonymous false
password_file /srv/accounts
CONF
    server sh -c "mosquitto_passwd -b -c /srv/accounts alice $PASSWORD && chmod 644 /srv/accounts"
    serve mosquitto -c /srv/mosquitto.conf
    listening tcp "$1"
}
