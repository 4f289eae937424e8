#!/usr/bin/env python3
"""Connections that must never be held, that never pause, and a server that answers what it can read.

odd.py serve ADDRESS PORT FOLDER       TLS too (FOLDER/key.pem, FOLDER/cert.pem); who has "slow" in its client.id is answered after 1 s
odd.py talk ADDRESS PORT NAME...       one connection for each name of WAYS; prints "NAME PORT", "ready", and "NAME lost ERROR" if one
                                       ends; every name asks again each 20 ms, "neighbour" as fast as it can

Used by 32-tls.sh and 46-never-held.sh. Kafka: https://kafka.apache.org/protocol.html
"""
import select
import socket
import ssl
import struct
import sys
import threading
import time

LB = b",warpstream_az=b,warpstream_interzone_lb=true"
MPTCP = 262  # IPPROTO_MPTCP


def say(*words):
    """A whole line at once: several threads speak."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def request(key, version, body, client_id):
    head = struct.pack(">hhih", key, version, 7, len(client_id)) + client_id
    return struct.pack(">i", len(head) + len(body)) + head + body


def produce(client_id, size=40):
    return request(0, 3, b"\xff\xff\0\1" + b"\0" * size, client_id)


def name_it(client_id, name=b"librdkafka", version=b"2.3.0"):
    """ApiVersions v3: a library that may be held"""
    return request(18, 3, b"\0" + b"".join(bytes([len(t) + 1]) + t for t in (name, version)) + b"\0", client_id)


def plain_socket(proto=0):
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto)


class OneAtATime:
    """A TLS socket that two threads use: OpenSSL's must not be read and written at the same moment."""

    def __init__(self, s):
        self.s, self.lock = s, threading.Lock()

    def recv(self, size):
        select.select([self.s], [], [])
        with self.lock:
            return self.s.recv(size)

    def sendall(self, data):
        with self.lock:
            self.s.sendall(data)


class Way:
    """first: said once; then: said again and again."""

    def __init__(self, first, then, proto=0, tls=False, numbered=True):
        self.first, self.then, self.proto, self.tls, self.numbered = first, then, proto, tls, numbered


def ways(name):
    me = name.encode() + LB
    return {
        "tls": lambda: Way(b"", produce(me), tls=True),
        "tls-bulk": lambda: Way(b"", produce(me, 60000), tls=True),  # four records in a row
        "mptcp": lambda: Way(b"", produce(me), proto=MPTCP),
        "sasl": lambda: Way(request(18, 0, b"", me) + request(17, 1, b"\0\5PLAIN", me), request(36, 0, b"\0\0\0\2no", me)),
        # bare tokens, each behind its size, without a header
        "sasl-raw": lambda: Way(request(17, 0, b"\0\6GSSAPI", me), struct.pack(">i", 20) + b"t" * 20, numbered=False),
        # a producer, then bytes that are no request: its frame is lost, and is not found again
        "unframed": lambda: Way(produce(me) * 3, b"\0\0\0\x10\xff\xff\xff\xff" + b"\xaa" * 12, numbered=False),
        "unnamed": lambda: Way(b"", produce(b"slow-" + me)),
        "slow": lambda: Way(name_it(me), produce(me)),
        "neighbour": lambda: Way(name_it(b"slow" + LB), produce(b"slow" + LB, 60000)),
    }[name]()


def answer(s, stop):
    """Reads requests, answers those that can be read, until something else comes; that is read and dropped."""
    got, framed = b"", True
    owed = []

    def pay():
        while not stop.is_set():
            while owed and owed[0][0] <= time.monotonic():
                try:
                    s.sendall(owed.pop(0)[1])
                except OSError:
                    return
            time.sleep(0.01)

    threading.Thread(target=pay, daemon=True).start()
    while True:
        try:
            piece = s.recv(1 << 18)
        except OSError:
            piece = b""
        if not piece:
            stop.set()
            return
        got = got + piece if framed else b""
        while framed and len(got) >= 14:
            size, key, _, correlation, _ = struct.unpack(">ihhih", got[:14])
            if key < 0 or size < 10:
                framed = False
                break
            if len(got) < 4 + size:
                break
            delay = 1.0 if b"slow" in got[14:30] and size < 1000 else 0
            owed.append((time.monotonic() + delay, struct.pack(">ii", 24, correlation) + b"\0" * 20))
            got = got[4 + size:]


def serve_one(s, context):
    try:
        if s.recv(1, socket.MSG_PEEK) == b"\x16":
            s = OneAtATime(context.wrap_socket(s, server_side=True))
    except OSError:
        return
    answer(s, threading.Event())


def serve(address, port, folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
    context.num_tickets = 0  # a reader that a ticket wakes would wait for data with the lock of OneAtATime
    try:
        server = plain_socket(MPTCP)  # plain clients get plain sockets of it
    except OSError:
        server = plain_socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(100)
    while True:
        threading.Thread(target=serve_one, args=(server.accept()[0], context), daemon=True).start()


def read_all(name, s):
    try:
        while s.recv(65536):
            pass
        say(name, "lost: closed")
    except OSError as e:
        say(name, "lost:", e)


def talk_one(name, address, port):
    way = ways(name)
    s = plain_socket(way.proto)
    s.connect((address, port))
    say(name, s.getsockname()[1])
    if way.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = OneAtATime(context.wrap_socket(s))
    threading.Thread(target=read_all, args=(name, s), daemon=True).start()
    try:
        s.sendall(way.first)
        number = 1
        while True:
            number += 1
            if way.numbered:
                s.sendall(way.then[:8] + struct.pack(">i", number) + way.then[12:])
            else:
                s.sendall(way.then)
            time.sleep(0.001 if name == "neighbour" else 0.02)
    except OSError as e:
        say(name, "lost:", e)


def talk(address, port, names):
    for name in names:
        try:
            threading.Thread(target=talk_one, args=(name, address, port), daemon=True).start()
        except OSError as e:
            say(name, "cannot:", e)
    say("ready")
    threading.Event().wait()


if sys.argv[1] == "serve":
    serve(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    talk(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
