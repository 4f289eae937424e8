#!/usr/bin/env python3
"""Clients whose connections carry segments that TCP throws away, each with a request of somebody else.

reject.py filter CGROUP              a second filter there, behind those that it has; it stays
reject.py client ADDRESS PORT FIFO   does what the lines of FIFO say, for each connection of a group, and prints lines of JSON:
    open GROUP ZONE KIND...  a connection for each kind, GROUP-KIND; its client.id is GROUP-KIND,warpstream_az=ZONE,...
    name GROUP               ApiVersions, with the name of a library that may be held
    fetch GROUP N            N Fetches, a segment each, each as soon as the one before is answered
    write GROUP N            N writes, a segment each, answered or not
    flow GROUP MS            one every MS milliseconds, until the connection ends
    fill GROUP               Fetches until the agent's receive window is shut
    hole GROUP               stops that, and sends the second of its next writes: TCP keeps it behind a hole
    leave GROUP              closes its side
    count GROUP              prints how much was asked
    hurt GROUP ZONE          where its next byte belongs: a segment with a request from ZONE, which TCP throws away by its KIND:
        checksum  a wrong checksum                 paws      a time stamp from the past
        unsent    an ACK of what was never sent    old       an ACK from long ago
        window    far behind the window            shut      the window is shut (only after `fill`)
        filter    the second filter drops it       fin       behind a FIN, which its next write completes
        size      a wrong checksum again, and the request is this client's own, of 16 MB

Used by 67-rejected.sh and 68-hole.sh. TCP: RFC 9293, 3.10.7.4; PAWS: RFC 7323, 5; old ACKs: RFC 5961, 5.
"""
import ctypes
import json
import os
import platform
import socket
import struct
import sys
import threading
import time

LB = ",warpstream_interzone_lb=true"
TOS = 4  # the filter drops what has it
ETH_P_ALL, PACKET_OUTGOING = 3, 4


def say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def poll(what):
    end = time.monotonic() + 20
    while not what():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


# ---- requests ----


def request(key, version, correlation, client_id, body):
    head = struct.pack(">hhih", key, version, correlation, len(client_id)) + client_id
    return struct.pack(">i", len(head) + len(body)) + head + body


def fetch(correlation, client_id):
    return request(1, 4, correlation, client_id, bytes(60))


def produce(mark, client_id):
    return request(0, 7, mark, client_id, b"\xff\xff\xff\xff\0\0\x75\x30" + struct.pack(">q", mark))


def api_versions(correlation, client_id):
    return request(18, 3, correlation, client_id, b"\0\x0blibrdkafka\x062.3.0\0")


# ---- the filter: a BPF program that drops packets by their TOS, attached behind those that are there ----

FILTER = [  # code, dst | src << 4, off, imm
    (0xB7, 2, 0, 1),  # r2 = 1, the TOS' offset
    (0xBF, 3 | 10 << 4, 0, 0),
    (0x07, 3, 0, -8),  # r3 = r10 - 8
    (0xB7, 4, 0, 1),
    (0x85, 0, 0, 26),  # bpf_skb_load_bytes
    (0x71, 1 | 10 << 4, -8, 0),  # r1 = *(u8 *)(r10 - 8)
    (0xB7, 0, 0, 1),
    (0x55, 1, 1, TOS),  # if r1 != TOS: let it pass
    (0xB7, 0, 0, 0),
    (0x95, 0, 0, 0),
]
PROG_LOAD, PROG_ATTACH, CGROUP_SKB, INGRESS, ALLOW_MULTI = 5, 8, 8, 0, 2


def bpf(command, attr):
    libc = ctypes.CDLL(None, use_errno=True)
    buf = ctypes.create_string_buffer(attr, 128)
    ret = libc.syscall({"x86_64": 321, "aarch64": 280}[platform.machine()], command, buf, 128)
    if ret < 0:
        raise OSError(ctypes.get_errno(), "bpf: command %d" % command)
    return ret


def attach_filter(cgroup):
    code = b"".join(struct.pack("<BBhi", *i) for i in FILTER)
    insns, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    prog = bpf(PROG_LOAD, struct.pack("<IIQQ", CGROUP_SKB, len(FILTER), ctypes.addressof(insns), ctypes.addressof(licence)))
    bpf(PROG_ATTACH, struct.pack("<IIII", os.open(cgroup, os.O_RDONLY), prog, INGRESS, ALLOW_MULTI))


# ---- segments ----


def checksum(data):
    s = sum(struct.unpack(">%dH" % ((len(data) + 1) // 2), data + bytes(len(data) % 2)))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


class Wire:
    """Sees what passes the namespace's device, and sends frames of its own."""

    def __init__(self):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.s.bind(("eth0", 0))
        self.sent, self.isn, self.came = {}, {}, {}  # by the client's port
        threading.Thread(target=self.look, daemon=True).start()

    def look(self):
        while True:
            frame, where = self.s.recvfrom(65536 + 14)
            if frame[12:14] != b"\x08\0" or frame[23] != socket.IPPROTO_TCP:
                continue
            sport, dport, seq, ack, _, flags, window = struct.unpack(">HHIIBBH", frame[34:50])
            if where[2] != PACKET_OUTGOING:
                self.came[dport] = (ack, window)
            elif flags & 2:
                self.isn[sport] = seq
            else:
                self.sent[sport] = frame

    def send(self, frame, payload, **but):
        """A copy of that frame's headers with another payload, and what `but` says."""
        tcp_len = (frame[46] >> 4) * 4
        ip, tcp = bytearray(frame[14:34]), bytearray(frame[34 : 34 + tcp_len])
        ip[1] = but.get("tos", 0)
        ip[2:4] = struct.pack(">H", 20 + tcp_len + len(payload))
        ip[10:12] = b"\0\0"
        ip[10:12] = struct.pack(">H", checksum(bytes(ip)))
        ack, window = struct.unpack(">I", tcp[8:12])[0], struct.unpack(">H", tcp[14:16])[0]
        tcp[4:12] = struct.pack(">II", but["seq"] & 0xFFFFFFFF, ack + but.get("ack", 0) & 0xFFFFFFFF)
        tcp[13] = but.get("flags", 0x18)
        # another one than TCP expects: else it looks at an old ACK only after it has taken the data
        tcp[14:16] = struct.pack(">H", window ^ 1)
        if but.get("past"):
            at = bytes(tcp).index(b"\x08\x0a", 20) + 2
            tcp[at : at + 4] = struct.pack(">I", struct.unpack(">I", tcp[at : at + 4])[0] - but["past"] & 0xFFFFFFFF)
        tcp[16:18] = b"\0\0"
        right = checksum(bytes(ip[12:20]) + struct.pack(">HH", 6, tcp_len + len(payload)) + bytes(tcp) + payload)
        tcp[16:18] = struct.pack(">H", right ^ but.get("flip", 0))
        self.s.send(frame[:14] + bytes(ip) + bytes(tcp) + payload)


HOW = {
    "checksum": {"flip": 0x5555},
    "size": {"flip": 0x5555},
    "paws": {"past": 100000},
    "unsent": {"ack": 1 << 20},
    "old": {"ack": -(1 << 30)},
    "window": {"ahead": 1 << 28},
    "filter": {"tos": TOS},
    "shut": {},
    "fin": {},
}


class Conn:
    def __init__(self, wire, to, group, zone, kind):
        self.wire, self.kind, self.name = wire, kind, "%s-%s" % (group, kind)
        self.id = ("%s,warpstream_az=%s%s" % (self.name, zone, LB)).encode()
        self.stream, self.starts, self.answers, self.ended = b"", [], 0, False
        self.flowing, self.flow = False, None
        self.s = socket.socket()
        if kind == "shut":
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        self.s.connect(to)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self.s.getsockname()[1]
        poll(lambda: self.port in wire.isn and self.port in wire.sent)
        say(event="open", name=self.name, port=self.port)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        f = self.s.makefile("rb")
        try:
            while head := f.read(4):
                f.read(struct.unpack(">i", head)[0])
                self.answers += 1
            self.end("eof")
        except OSError as e:
            self.end(str(e))

    def end(self, how):
        self.ended = True
        say(event="end", name=self.name, how=how, asked=len(self.starts), answered=self.answers)

    def say(self, make):
        data = make(len(self.starts), self.id)
        self.starts.append(len(self.stream))
        self.stream += data
        self.s.sendall(data)

    def ask(self, make):
        self.say(make)
        poll(lambda: self.ended or self.answers == len(self.starts))

    def do_name(self):
        self.ask(api_versions)

    def do_fetch(self, n):
        for _ in range(int(n)):
            self.ask(fetch)

    def do_write(self, n):
        for _ in range(int(n)):
            self.say(produce)

    def do_flow(self, ms):
        def flow():
            try:
                while self.flowing and not self.ended:
                    self.do_write(1)
                    time.sleep(int(ms) / 1000)
            except OSError:
                pass  # what reads says it

        self.flowing = True
        self.flow = threading.Thread(target=flow, daemon=True)
        self.flow.start()

    def do_hole(self):
        self.flowing = False
        self.flow.join()
        say(event="hole", name=self.name, asked=len(self.starts))
        second = produce(len(self.starts) + 1, self.id)
        self.wire.send(self.wire.sent[self.port], second, seq=self.wire.isn[self.port] + 1 + len(self.stream) + len(second))

    def do_fill(self):
        shut = threading.Event()

        def speak():  # the last one ends when the window opens
            while not shut.is_set():
                self.say(fetch)

        threading.Thread(target=speak, daemon=True).start()
        poll(lambda: self.wire.came[self.port][1] == 0)
        shut.set()

    def do_leave(self):
        self.s.shutdown(socket.SHUT_WR)

    def do_count(self):
        say(event="count", name=self.name, asked=len(self.starts), answered=self.answers)

    def do_hurt(self, zone):
        other = ("somebody-else-%s,warpstream_az=%s%s" % (self.name, zone, LB)).encode()
        payload, how, at = fetch(0, other), dict(HOW[self.kind]), len(self.stream)
        if self.kind == "size":
            payload = struct.pack(">i", 1 << 24) + produce(0, self.id)[4:]
        if self.kind == "shut":  # from the first byte that TCP did not take, in the midst of a request
            at = self.wire.came[self.port][0] - self.wire.isn[self.port] - 1 & 0xFFFFFFFF
            end = min(s for s in self.starts + [len(self.stream)] if s >= at)
            payload = self.stream[at:end] + payload
        if self.kind == "fin":
            at += len(produce(0, self.id))
            self.wire.send(self.wire.sent[self.port], b"", seq=self.wire.isn[self.port] + 1 + at, flags=0x11)
            at += 1
        how["seq"] = self.wire.isn[self.port] + 1 + at + how.pop("ahead", 0)
        self.wire.send(self.wire.sent[self.port], payload, **how)


def client(address, port, fifo):
    wire, groups = Wire(), {}
    with open(fifo, encoding="utf-8") as f:
        for line in f:
            what, group, *args = line.split()
            if what == "open":
                groups[group] = [Conn(wire, (address, int(port)), group, args[0], kind) for kind in args[1:]]
            else:
                for c in groups[group]:
                    try:
                        getattr(c, "do_" + what)(*args)
                    except OSError as e:  # one that was reset: the test sees its end
                        say(event="failed", name=c.name, error=str(e))
            say(event="done", what=line.strip())


{"filter": attach_filter, "client": client}[sys.argv[1]](*sys.argv[2:])
