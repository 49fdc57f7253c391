#!/bin/bash
# Mosquitto and its clients: version 3.1.1 with a login and a will, two messages got; a wrong password, refused.
# packages: mosquitto mosquitto-clients
# ports: tcp/1883
# expect: mqtt.clientid=="sensor-7"
# expect: mqtt.topic=="readings/temperature"
# expect: mqtt.conack.val==5

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/mqtt.sh"
broker 1883
capture tcp
client mosquitto_sub -h server -i panel -u alice -P "$PASSWORD" -t 'readings/#' -t alarms -C 2 -W 10 &
sleep 1
client mosquitto_pub -h server -i sensor-7 -u alice -P "$PASSWORD" --will-topic status/sensor-7 --will-payload gone -t readings/temperature -m 21.5
client mosquitto_pub -h server -i sensor-7 -u alice -P "$PASSWORD" -q 2 -t alarms -m 'too warm'
wait $!
fails client mosquitto_pub -h server -i intruder -u alice -P letmein -t readings/temperature -m 0
