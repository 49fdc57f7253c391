#!/bin/bash
# Mosquitto and its clients on an odd port, versions 5 and 3.1, with no client id of its own in 5: the broker chooses one.
# packages: mosquitto mosquitto-clients
# ports: tcp/17501
# decode: tcp.port==17501,mqtt
# expect: mqtt.ver==5
# expect: mqtt.ver==3

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mqtt.sh"
broker 17501
capture tcp
client mosquitto_pub -h server -p 17501 -V mqttv5 -u alice -P "$PASSWORD" -q 1 -t orders/new -m '{"item": 17}'
client mosquitto_pub -h server -p 17501 -V mqttv31 -i old-1 -u alice -P "$PASSWORD" -t orders/new -m x
