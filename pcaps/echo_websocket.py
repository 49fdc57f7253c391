#!/usr/bin/python3
"""echo_websocket.py serve PORT | visit URL: a WebSocket server that echoes, and a client that sends it three messages and a ping."""

import asyncio
import sys

import websockets


async def echo(connection, _path=None):
    async for message in connection:
        await connection.send(message)


async def serve(port):
    async with websockets.serve(echo, "0.0.0.0", int(port)):
        await asyncio.Future()


async def visit(url):
    async with websockets.connect(url, subprotocols=["chat"], compression=None) as connection:
        for message in ("hello", "a" * 300, "good bye"):
            await connection.send(message)
            await connection.recv()
        await (await connection.ping(b"there?"))


asyncio.run({"serve": serve, "visit": visit}[sys.argv[1]](sys.argv[2]))
