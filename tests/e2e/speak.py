#!/usr/bin/env python3
"""Connections that begin with given bytes, and a server that says nothing.

speak.py sink ADDRESS PORT            accepts all, reads and drops what comes
speak.py say ADDRESS PORT [from ADDR] one connection for each row of ROWS; prints "NAME PORT" for each, then "ready",
                                      and keeps them open until it is ended
speak.py brief ADDRESS PORT           one connection that names its library (BRIEF), and is closed at once

Used by 35-tracker.sh. Kafka: https://kafka.apache.org/protocol.html; PROXY: HAProxy's proxy-protocol.txt.
"""
import select
import socket
import struct
import sys

ID = b"app,warpstream_az=b"


def request(key, version, body=b"", client_id=ID, correlation=1):
    head = struct.pack(">hhih", key, version, correlation, len(client_id)) + client_id
    return struct.pack(">i", len(head) + len(body)) + head + body


def compact(text):
    return bytes([len(text) + 1]) + text


METADATA = request(3, 1, b"\0\0\0\0")
FETCH = request(1, 4, b"\0" * 20)
PRODUCE = request(0, 3, b"\xff\xff\xff\xff" + b"\0" * 20)
PROXY1 = b"PROXY TCP4 203.0.113.7 10.99.1.1 51544 9092\r\n"
PROXY2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([203, 0, 113, 8, 10, 99, 1, 1]) + struct.pack(">HH", 4242, 9092)

BRIEF = request(18, 3, b"\0" + compact(b"kafka-python") + compact(b"2.3.3") + b"\0", b"brief")
ROWS = {
    "silent": b"",
    "http": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "redis": b"*1\r\n$4\r\nPING\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "noise": bytes(range(200, 240)),
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"z" * 40,
    "data": METADATA + FETCH,
    "produce": PRODUCE,
    "acks0": request(0, 3, b"\xff\xff\0\0" + b"\0" * 20),
    "acks0-new": request(0, 9, b"\0\0\0\0" + b"\0" * 20),
    "transactional": request(0, 9, b"\0" + compact(b"tx") + b"\xff\xff" + b"\0" * 20),
    "transactions": FETCH + request(26, 1, b"\0" * 10),
    "coordinator": request(11, 2, b"\0" * 30),
    "shared": FETCH + request(12, 2, b"\0" * 30),
    "metadata": METADATA,
    "sasl": request(18, 0) + request(17, 1, b"\0\5PLAIN"),
    "sasl-raw": request(17, 0, b"\0\5PLAIN") + struct.pack(">i", 12) + b"\0user\0secret" + METADATA + FETCH,
    "software": request(18, 3, b"\0" + compact(b"apache-kafka-java") + compact(b"4.4.0") + b"\0") + METADATA,
    "proxy1": PROXY1 + FETCH,
    "proxy2": PROXY2 + FETCH,
    "proxy-tls": PROXY1 + b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"z" * 40,
    "null-id": struct.pack(">ihhih", 10, 3, 1, 1, -1) + struct.pack(">ihhih", 10, 1, 4, 2, -1),
    "empty-id": request(1, 4, b"\0" * 9, b""),
    "long-id": request(1, 4, b"\0" * 9, b"ws_az=b," + b"x" * 32759),
    "automq": request(1, 4, b"\0" * 9, b"automq_type=consumer&automq_az=b"),
    "inkless": request(1, 4, b"\0" * 9, b"mm,diskless_az=b|source->target|conn|consumer"),
    "bufstream": request(1, 4, b"\0" * 9, b"host=x;zone=b"),
    "custom": request(1, 4, b"\0" * 9, b"msk_az=b,my-pod-1"),
    "streams": request(1, 4, b"\0" * 9, b"ws_az=b-StreamThread-1-consumer"),
    "untagged": request(1, 4, b"\0" * 9, b"plain"),
}


def mptcp_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)  # IPPROTO_MPTCP


def has_ended(s):
    try:
        return not s.recv(65536)
    except ConnectionError:  # rezone ended it
        return True


def sink(address, port):
    try:
        server = mptcp_socket()  # plain clients get plain sockets of it
    except OSError:
        server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(100)
    everyone = [server]
    while True:
        for s in select.select(everyone, [], [])[0]:
            if s is server:
                everyone.append(server.accept()[0])
            elif has_ended(s):
                s.close()
                everyone.remove(s)


def say(address, port, source=None):
    kept = []
    for name, text in ROWS.items():
        s = socket.create_connection((address, port), source_address=(source, 0) if source else None)
        s.sendall(text)
        kept.append(s)
        print(name, s.getsockname()[1], flush=True)
    try:
        s = mptcp_socket()
        s.connect((address, port))
        s.sendall(FETCH)
        kept.append(s)
        print("mptcp", s.getsockname()[1], flush=True)
    except OSError as e:
        print("no-mptcp", e, flush=True)
    print("ready", flush=True)
    sys.stdin.read()
    select.select([], [], [])


if sys.argv[1] == "sink":
    sink(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "brief":
    with socket.create_connection((sys.argv[2], int(sys.argv[3]))) as brief:
        brief.sendall(BRIEF)
else:
    say(sys.argv[2], int(sys.argv[3]), sys.argv[5] if len(sys.argv) > 5 else None)
