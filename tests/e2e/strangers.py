#!/usr/bin/env python3
"""Strangers at the server of metrics: what they send must cost it nothing.

In:  HOST PORT MODE. MODE `send`: requests of all bad forms, each on a connection of its own; prints a JSON line with the status
     that each was answered with (null: the connection was closed without one). MODE `drip`: one byte a second of a request
     that never ends; MODE `full`: as many connections as it is given, all silent. Both print how long it was borne.
Called by tests/e2e/29-metrics.sh.
"""
import json
import random
import socket
import sys
import time

HOST, PORT, MODE = sys.argv[1], int(sys.argv[2]), sys.argv[3]

BAD = {
    "nothing but a line end": b"\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "Kafka": b"\x00\x00\x00\x20\x00\x12\x00\x03\x00\x00\x00\x01\x00\x04test" + bytes(18),
    "zeros": bytes(100000),
    "a path without end": b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without end": b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + b"b" * 100000 + b"\r\n\r\n",
    "headers without end": b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % i for i in range(5000)) + b"\r\n",
    "another path": b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "an encoded path": b"GET /%00%0a%1b[31m HTTP/1.1\r\nHost: x\r\n\r\n",
    "arguments": b"GET /metrics?x=" + b"%41" * 1000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST": b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + bytes(50000),
    "chunks": b"PUT /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
    "a body of GET": b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc",
    "two lengths": b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: -1\r\n\r\nabc",
    "DELETE": b"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "TRACE": b"TRACE /metrics HTTP/1.1\r\nHost: x\r\nX: <script>\r\n\r\n",
    "CONNECT": b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /metrics HTTP/1.1\r\n\r\n",
    "an old version": b"GET /metrics HTTP/0.9\r\n\r\n",
    "a hundred at once": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 100,
}


def ask(data):
    with socket.create_connection((HOST, PORT), timeout=20) as s:
        answer = b""
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while len(answer) < 1 << 20 and (part := s.recv(65536)):
                answer += part
        except OSError:
            pass
    words = answer.split(b" ", 2)
    return int(words[1]) if answer.startswith(b"HTTP/") and words[1].isdigit() else None, answer


def send():
    statuses, echoed = {}, []
    rng = random.Random(7)
    noise = {f"noise {i}": rng.randbytes(rng.randrange(1, 20000)) for i in range(50)}
    for name, data in {**BAD, **noise}.items():
        statuses[name], answer = ask(data)
        if b"<script>" in answer or b"passwd" in answer or b"\x1b" in answer:
            echoed.append(name)
    noises = [statuses.pop(n) for n in noise]
    print(json.dumps({"statuses": statuses, "noise": sorted({str(n) for n in noises}), "echoed": echoed}))


def borne(socks, drip):
    began = time.monotonic()
    while time.monotonic() < began + 60:
        time.sleep(1)
        try:
            for s in socks:
                if drip:
                    s.sendall(b"x")
                s.setblocking(False)
                try:
                    if s.recv(1) == b"":
                        return time.monotonic() - began
                except BlockingIOError:
                    pass
                s.setblocking(True)
        except OSError:
            break
    return time.monotonic() - began


if MODE == "send":
    send()
else:
    many = 1 if MODE == "drip" else int(sys.argv[4])
    socks = [socket.create_connection((HOST, PORT), timeout=20) for _ in range(many)]
    for s in socks:
        s.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    print("begun", flush=True)
    print(round(borne(socks, MODE == "drip"), 1))
