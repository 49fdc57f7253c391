#!/bin/bash
# RabbitMQ and Pika on an odd port: the same as amqp-publish; and STOMP on another, by hand at netcat: a login, a subscription, a message got back.
# packages: rabbitmq-server python3-pika netcat-openbsd
# ports: tcp/15699, tcp/16613
# decode: tcp.port==15699,amqp
# expect: tcp.payload contains "CONNECTED"
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
rabbitmq 15699 16613
capture tcp
client /usr/bin/python3 shop.py 15699 "$PASSWORD"
{
    printf 'CONNECT\naccept-version:1.2\nhost:/\nlogin:alice\npasscode:%s\n\n\0' "$PASSWORD"
    printf 'SUBSCRIBE\nid:0\ndestination:/topic/news\n\n\0SEND\ndestination:/topic/news\ncontent-length:5\n\nhello\0DISCONNECT\nreceipt:1\n\n\0'
    sleep 2
} | client nc -N server 16613
