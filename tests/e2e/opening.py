#!/usr/bin/env python3
"""A client whose first bytes ride on the handshake's last ACK.

opening.py ADDRESS library|pieces|proxy|syn-recv CLIENT_ID   to port 9092; prints its port and keeps the connection. Used by
66-opening.sh. syn-recv: by TCP Fast Open, with a cookie and without data, so that the agent's socket is there already, in SYN_RECV.
"""
import socket
import struct
import sys
import time

address, what, client_id = sys.argv[1:4]


def text(s):
    return struct.pack(">h", len(s)) + s


def request(key, version, number, body, flexible=False):
    r = struct.pack(">hhi", key, version, number) + text(client_id.encode()) + (b"\0" if flexible else b"") + body
    return struct.pack(">i", len(r)) + r


def fast_open():
    """Connects with the cookie that the host gave to a connection before."""
    c = socket.socket()
    c.sendto(b"", socket.MSG_FASTOPEN, (address, 9092))
    c.close()
    return socket.MSG_FASTOPEN


flags = fast_open() if what == "syn-recv" else 0
s = socket.socket()
# on a client both say: the last ACK of the handshake waits for data
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
if flags:
    s.sendto(b"", flags, (address, 9092))
else:
    s.connect((address, 9092))
metadata = request(3, 1, 2, struct.pack(">i", 0))
if what == "library":
    parts = [request(18, 3, 1, b"\x04kgo\x051.22\0", flexible=True), metadata]
elif what == "syn-recv":
    parts = [metadata]
elif what == "pieces":
    parts = [metadata[:4], metadata[4:]]
else:
    parts = [b"PROXY TCP4 10.77.77.7 10.99.1.1 51544 9092\r\n", metadata]
for part in parts:
    s.sendall(part)
    time.sleep(0.3)  # a segment each: the next must not ride on the same ACK
print(s.getsockname()[1], flush=True)
time.sleep(600)
