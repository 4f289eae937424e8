"""What a client's wire shows of its moves: how long it stood still, and which generations its group had.

In:  a pcap file (dumpcap -P) of the clients' side, ports 9092.
Out: read(FILE) -> Wire: resets, requests with their answers, JoinGroup answers, by client.id.
Who: count.py.

The wire is the one clock and the one witness that is the same for all servers and all libraries. The capture is taken
before rezone's program, so it has the segments that were held back, too.
"""

import struct
from collections import namedtuple

PRODUCE, FETCH, JOIN_GROUP = 0, 1, 11
FIN, SYN, RST, ACK = 1, 2, 4, 16

Reset = namedtuple("Reset", "client client_id t held_since")  # held_since: the first segment that the agent never took
Answer = namedtuple("Answer", "client client_id opened api sent t")
Joined = namedtuple("Joined", "client_id t error generation")
Repeat = namedtuple("Repeat", "client first passed")  # a segment that was sent more than once


class Wire:
    def __init__(self):
        self.resets, self.answers, self.joined, self.repeats = [], [], [], []


class Conn:
    """One connection, by its client's address."""

    def __init__(self, client, t):
        self.client, self.opened, self.client_id = client, t, None
        self.next_request = self.next_answer = None
        self.waiting = {}  # correlation id -> api, version, time of the request
        self.unacked = {}  # seq -> end, time first sent, times sent


def before(a, b):
    """a < b, as TCP counts"""
    return ((a - b) & 0xFFFFFFFF) > 0x7FFFFFFF


def packets(name):
    """time, bytes of each packet; a file that ends in the middle of one ends before it"""
    with open(name, "rb") as f:
        magic = struct.unpack("<I", f.read(24)[:4])[0]
        unit = {0xA1B2C3D4: 1e-6, 0xA1B23C4D: 1e-9}[magic]
        while len(head := f.read(16)) == 16:
            s, frac, caplen, _ = struct.unpack("<IIII", head)
            data = f.read(caplen)
            if len(data) < caplen:
                return
            yield s + frac * unit, data


def header(b):
    """api, version, correlation id, client.id, size of a request that begins here; None if none does"""
    if len(b) < 14:
        return None
    size, api, version, corr, n = struct.unpack(">ihhih", b[:14])
    if not (10 <= size < 1 << 24 and 0 <= api <= 100 and 0 <= version <= 30 and 0 < n <= 255 and len(b) >= 14 + n):
        return None
    return api, version, corr, b[14 : 14 + n], size


def requests(c, t, seq, data):
    at = 0
    if c.next_request is not None:
        at = (c.next_request - seq) & 0xFFFFFFFF
        if at > 0x7FFFFFFF:
            return  # a repetition
        if at >= len(data):
            return
    while at < len(data):
        h = header(data[at:])
        if not h:
            c.next_request = None  # found again at a segment that begins with one
            return
        api, version, corr, client_id, size = h
        c.client_id = c.client_id or client_id.decode("utf-8", "replace")
        c.waiting[corr] = api, version, t
        at += 4 + size
        c.next_request = (seq + at) & 0xFFFFFFFF


def joined(wire, c, t, version, body):
    at = (1 if version >= 6 else 0) + (4 if version >= 2 else 0)
    if len(body) >= at + 6:
        wire.joined.append(Joined(c.client_id, t, *struct.unpack(">hi", body[at : at + 6])))


def answers(wire, c, t, seq, data):
    at = 0
    if c.next_answer is not None:
        at = (c.next_answer - seq) & 0xFFFFFFFF
        if at > 0x7FFFFFFF or at >= len(data):
            return
    while at + 8 <= len(data):
        size, corr = struct.unpack(">iI", data[at : at + 8])
        corr = corr - (1 << 32) if corr > 0x7FFFFFFF else corr
        asked = c.waiting.pop(corr, None)
        if size < 4 or size > 1 << 27 or not asked:
            c.next_answer = None
            return
        api, version, sent = asked
        if api == JOIN_GROUP:
            joined(wire, c, t, version, data[at + 8 : at + 4 + size])
        wire.answers.append(Answer(c.client, c.client_id, c.opened, api, sent, t))
        at += 4 + size
        c.next_answer = (seq + at) & 0xFFFFFFFF


def from_client(c, t, seq, size, data):
    end = (seq + size) & 0xFFFFFFFF
    known = c.unacked.get(seq)
    if known:
        known[0], known[2] = max(known[0], end), known[2] + 1
    else:
        c.unacked[seq] = [end, t, 1]
    requests(c, t, seq, data)


def acked(wire, c, t, ack):
    for seq in [s for s in c.unacked if not before(ack, c.unacked[s][0])]:
        _, first, times = c.unacked.pop(seq)
        if times > 1:
            wire.repeats.append(Repeat(c.client, first, t))


def read(name, port=9092):
    wire, conns = Wire(), {}
    for t, p in packets(name):
        if len(p) < 54 or p[12:14] != b"\x08\x00" or p[23] != 6:
            continue
        ip_end = 14 + (p[14] & 15) * 4
        total = 14 + struct.unpack(">H", p[16:18])[0]
        sport, dport, seq, ack, off, flags = struct.unpack(">HHIIBB", p[ip_end : ip_end + 14])
        begin = ip_end + (off >> 4) * 4
        data, size = p[begin:total], total - begin
        up = dport == port
        if not up and sport != port:
            continue
        client = "%d.%d.%d.%d:%d" % (*(p[26:30] if up else p[30:34]), sport if up else dport)
        c = conns.get(client)
        if up and flags & SYN or c is None:
            c = conns[client] = Conn(client, t)
        if up and size > 0:
            from_client(c, t, seq, size, data)
        elif not up:
            if flags & ACK and not flags & RST:
                acked(wire, c, t, ack)
            if size > 0:
                answers(wire, c, t, seq, data)
            if flags & (RST | FIN):
                held = min((v[1] for v in c.unacked.values()), default=None)
                wire.resets.append(Reset(client, c.client_id, t, held))
                c.unacked = {}
    return wire
