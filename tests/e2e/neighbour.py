#!/usr/bin/env python3
"""Clients that try to take the room of others, and the others. Used by 84-neighbour.sh.

neighbour.py sink ADDRESS               accepts on port 9092, reads and drops what comes, closes when its peer does
neighbour.py ids FROM TO N              one connection, N requests, each with another client.id
neighbour.py names FROM TO N            N connections, each another name of a library, kept open
neighbour.py zones FROM TO N            N connections, each from another zone, closed after one request
neighbour.py self ADDRESS N             N silent connections to itself on port 9092, kept open
neighbour.py noise FROM TO SECONDS      one connection of bytes that are no request, as fast as they go
neighbour.py honest FROM TO ID NAME     a client that works; kept open

Prints "done" when it is, and how long it took. Kafka: https://kafka.apache.org/protocol.html
"""
import resource
import select
import signal
import socket
import struct
import sys
import time

PORT = 9092
API_VERSIONS, METADATA, PRODUCE, FETCH = 18, 3, 0, 1


def request(key, version, client_id, body=b""):
    head = struct.pack(">hhih", key, version, 1, len(client_id)) + client_id
    return struct.pack(">i", len(head) + len(body)) + head + body


def named(client_id, name):
    text = bytes([len(name) + 1]) + name + bytes([2]) + b"1"
    return request(API_VERSIONS, 3, client_id, b"\0" + text + b"\0")


def produce(client_id):
    return request(PRODUCE, 3, client_id, b"\xff\xff\xff\xff" + b"\0" * 20)


def dial(source, to):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.bind((source, 0))
    s.connect((to, PORT))
    return s


def listen(address):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, PORT))
    server.listen(4000)
    return server


def sink(address):
    server = listen(address)
    poll = select.epoll()
    poll.register(server, select.EPOLLIN)
    conns = {}
    while True:
        for fd, _ in poll.poll():
            if fd == server.fileno():
                s, _ = server.accept()
                conns[s.fileno()] = s
                poll.register(s, select.EPOLLIN)
                continue
            try:
                data = conns[fd].recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                poll.unregister(fd)
                conns.pop(fd).close()


def ids(source, to, n):
    s = dial(source, to)
    for i in range(n):
        s.sendall(request(API_VERSIONS, 2, b"id-%d" % i))
    return [s]


def names(source, to, n):
    held = []
    for i in range(n):
        held.append(dial(source, to))
        held[-1].sendall(named(b"namer", b"evil-%s-%d" % (source.encode(), i)))
    return held


def zones(source, to, n):
    """The zone must have been read before the connection closes: so each stays for a moment."""
    held = []
    for i in range(n):
        held.append(dial(source, to))
        held[-1].sendall(request(METADATA, 2, b"z,warpstream_az=zone-%d" % i))
        if len(held) > 400:
            held.pop(0).close()
    time.sleep(2)
    for s in held:
        s.close()
    return []


def itself(address, n):
    server = listen(address)
    held = [server]
    for _ in range(n):
        s = dial(address, address)
        held += [s, server.accept()[0]]
    return held


def noise(source, to, seconds):
    s = dial(source, to)
    s.sendall(request(METADATA, 2, b"noise"))
    time.sleep(0.2)
    end = time.time() + seconds
    while time.time() < end:
        s.send(b"\xee" * 1000)
    return [s]


def honest(source, to, client_id, name):
    s = dial(source, to)
    s.sendall(named(client_id.encode(), name.encode()))
    s.sendall(request(METADATA, 2, client_id.encode()) + produce(client_id.encode()))
    return [s]


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    what = {"sink": sink, "ids": ids, "names": names, "zones": zones, "self": itself, "noise": noise, "honest": honest}
    began = time.time()
    args = [int(a) if a.isdigit() else a for a in sys.argv[2:]]
    held = what[sys.argv[1]](*args)
    print("done in %.2f s" % (time.time() - began), flush=True)
    if held:
        signal.pause()


if __name__ == "__main__":
    main()
