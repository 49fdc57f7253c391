#!/bin/bash
# RabbitMQ and Pika (AMQP 0-9-1): an exchange, a queue, a message there and back, a queue that is not there; then a wrong password.
# packages: rabbitmq-server python3-pika
# ports: tcp/5672
# expect: amqp.method.class==60
# expect: amqp.payload contains "bolts" || tcp.payload contains "bolts"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/rabbitmq.sh"
put_client /srv/shop.py <<'PY'
import sys, pika
def connect(password):
    login = pika.PlainCredentials("alice", password)
    return pika.BlockingConnection(pika.ConnectionParameters("10.20.0.2", int(sys.argv[1]), "/", login, client_properties={"connection_name": "billing"}))
connection = connect(sys.argv[2])
channel = connection.channel()
channel.exchange_declare("orders", "topic")
channel.queue_declare("inbox")
channel.queue_bind("inbox", "orders", "new.#")
channel.basic_publish("orders", "new.parts", b"bolts")
print(next(channel.consume("inbox", auto_ack=True)))
channel.cancel()
try:
    channel.queue_declare("nowhere", passive=True)
except pika.exceptions.ChannelClosedByBroker as why:
    print(why)
connection.close()
try:
    connect("letmein")
except pika.exceptions.AMQPError as why:
    print(why)
PY
rabbitmq 5672 61613
capture tcp
client /usr/bin/python3 shop.py 5672 "$PASSWORD"
