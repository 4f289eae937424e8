#!/usr/bin/env python3
"""Clients that are moved, reconnect to the agent that they came from, and leave that connection open and idle.

left_behind.py ADDRESS PORT N TAGS    N connections, client.id "leaver-1,TAGS" and so on

Each sends a Fetch every 0.2 s. Once it is closed it opens another connection, sends five Fetches within a second (as clients
do whose metadata still names the agent), and nothing any more. After SIGUSR1 each of those sends one Fetch. Responses are read
and dropped. Used by 52-left-behind.sh.
"""
import select
import signal
import socket
import struct
import sys
import time

address, port, count, tags = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
PAUSE, AFTER_MOVE = 0.2, 5


def fetch(client_id):
    head = struct.pack(">hhih", 1, 4, 1, len(client_id)) + client_id
    return struct.pack(">i", len(head) + 20) + head + b"\0" * 20


class Client:
    def __init__(self, n):
        self.request = fetch(f"leaver-{n},{tags}".encode())
        self.left = 1 << 30  # requests that it will send
        self.connect()

    def connect(self):
        self.socket = socket.create_connection((address, port))

    def send(self):
        if self.left:
            self.left -= 1
            self.socket.sendall(self.request)

    def is_closed(self):
        try:
            return not self.socket.recv(65536)
        except ConnectionError:
            return True

    def come_back(self):
        self.socket.close()
        self.left = AFTER_MOVE
        self.connect()


clients = [Client(n + 1) for n in range(count)]
again = []
signal.signal(signal.SIGUSR1, lambda *_: again.append(True))
print("ready", flush=True)
while True:
    if again:
        again.clear()
        for c in clients:
            c.left += 1
    for c in clients:
        try:
            c.send()
        except ConnectionError:
            c.come_back()
    until = time.monotonic() + PAUSE
    while (rest := until - time.monotonic()) > 0:
        for s in select.select([c.socket for c in clients], [], [], rest)[0]:
            c = next(c for c in clients if c.socket is s)
            if c.is_closed():
                c.come_back()
