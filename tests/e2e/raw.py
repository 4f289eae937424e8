#!/usr/bin/env python3
"""An agent and a client of raw sockets, for what no library does at the moment that a test needs.

raw.py agent ADDRESS PORT TRACE STALL DELAY  answers each Produce in order, DELAY seconds after it came, but none while the file
                                           STALL is there; TRACE gets a line of JSON for each connection, each write that is
                                           executed, and each end
raw.py client ADDRESS PORT CLIENT_ID FIFO [VERSION|NAME/VERSION [PRODUCER]]  one connection at a time, of librdkafka 2.3.0, that
                                           version, or that library; PRODUCER: the id of an idempotent producer; does what the lines of
                                           FIFO say, and prints lines of JSON:
    connect [ID] a new connection, with another client.id; the one before stays as it is
    write N      N writes with new marks, a segment each
    sync N       the same, each as soon as the one before is answered
    flow MS      writes every MS milliseconds, answered or not, until `stop`
    stop
    ask          a Metadata request; its response is an event, too
    again        writes what is not answered once more (on a new connection)
    fin          shuts its sending side down: it still reads
    close        closes the socket
    reset        closes it with a reset
raw.py proxy LISTEN PORT FROM TO TO_PORT   hands bytes on, both ways, from the address FROM, as a sidecar in the agent's pod does

Used by 61-stalled.sh, 62-local-proxy.sh, 64-gives-up.sh, 69-follow.sh and 93-catch.sh.
"""
import fcntl
import json
import os
import queue
import socket
import struct
import sys
import threading
import time


def say(out, **what):
    out.write(json.dumps({"t": time.time(), **what}) + "\n")
    out.flush()


def take(conn, n):
    got = b""
    while len(got) < n:
        more = conn.recv(n - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def listener(address, port):
    s = socket.create_server((address, port), backlog=64)
    return s


def in_thread(f, *args):
    threading.Thread(target=f, args=args, daemon=True).start()


# ---- the agent ----


def answer_all(conn, stall, todo):
    try:
        while True:
            at, correlation = todo.get()
            time.sleep(max(0, at - time.monotonic()))
            while os.path.exists(stall):
                time.sleep(0.01)
            conn.sendall(struct.pack(">ii", 20, correlation) + b"a" * 16)
    except OSError:
        pass


def serve(conn, port, out, stall, delay):
    todo = queue.Queue()
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    say(out, event="open", port=port)
    in_thread(answer_all, conn, stall, todo)
    try:
        while True:
            body = take(conn, struct.unpack(">i", take(conn, 4))[0])
            if body[:2] != b"\0\0":  # ApiVersions: nobody here needs what it says
                conn.sendall(struct.pack(">ii", 20, struct.unpack(">i", body[4:8])[0]) + b"a" * 16)
                continue
            say(out, event="did", port=port, mark=struct.unpack(">q", body[-8:])[0])
            todo.put((time.monotonic() + delay, struct.unpack(">i", body[4:8])[0]))
    except EOFError:
        say(out, event="eof", port=port)
    except OSError as e:
        say(out, event="error", port=port, error=str(e))


def agent(address, port, trace, stall, delay):
    s = listener(address, int(port))
    with open(trace, "a", encoding="utf-8") as out:
        say(out, event="listening")
        while True:
            conn, peer = s.accept()
            in_thread(serve, conn, peer[1], out, stall, float(delay))


# ---- the client ----


def new_port(path):
    """A port that no connection of this test has had: tests tell connections apart by it, and the kernel may choose one again."""
    with open(path, "a+", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        port = int(f.read() or 20000) + 1
        f.truncate(0)
        f.write(str(port))
    return port


class Client:
    def __init__(self, address, port, client_id, library, producer, ports):
        self.to, self.id, self.producer, self.ports = (address, int(port)), client_id.encode(), producer, ports
        self.name, _, self.version = library.encode().rpartition(b"/")
        self.mark, self.unanswered, self.conn, self.flowing, self.reader = 0, [], None, False, None
        self.lock, self.news = threading.Lock(), threading.Condition()

    def request(self, mark):
        body = struct.pack(">hhih", 0, 7, mark, len(self.id)) + self.id + b"\xff\xff\xff\xff\0\0\x75\x30"
        if self.producer:  # one topic, one partition, and the header of a batch
            body += struct.pack(">ih1siiiqiibIhiqqqhi", 1, 1, b"t", 1, 0, 65, 0, 53, -1, 2, 0, 0, 0, 0, 0, self.producer, 0, mark - 1)
        body += struct.pack(">q", mark)
        return struct.pack(">i", len(body)) + body

    def name_it(self):
        """ApiVersions v3: the name of a library that may be held"""
        named = b"".join(bytes([len(t) + 1]) + t for t in (self.name or b"librdkafka", self.version))
        body = struct.pack(">hhih", 18, 3, 0, len(self.id)) + self.id + b"\0" + named + b"\0"
        return struct.pack(">i", len(body)) + body

    def send(self, mark):
        try:
            self.conn.sendall(self.request(mark))
        except OSError as e:
            say(sys.stdout, event="unsent", mark=mark, error=str(e))

    def read(self, conn, port):
        try:
            while True:
                mark = struct.unpack(">i", take(conn, struct.unpack(">i", take(conn, 4))[0])[:4])[0]
                with self.news:
                    if mark in self.unanswered:
                        self.unanswered.remove(mark)
                    self.news.notify()
                if mark:
                    say(sys.stdout, event="answered" if mark > 0 else "told where", port=port, mark=mark)
        except EOFError:
            say(sys.stdout, event="end", port=port, how="eof")
        except OSError as e:
            say(sys.stdout, event="end", port=port, how="reset" if isinstance(e, ConnectionResetError) else str(e))

    def connect(self, client_id=None):
        self.id = client_id.encode() if client_id else self.id
        self.conn = socket.create_connection(self.to, source_address=("", new_port(self.ports)))
        self.conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = self.conn.getsockname()[1]
        say(sys.stdout, event="connected", port=port)
        self.conn.sendall(self.name_it())
        self.reader = threading.Thread(target=self.read, args=(self.conn, port), daemon=True)
        self.reader.start()

    def write(self, n):
        for _ in range(int(n)):
            self.mark += 1
            with self.news:
                self.unanswered.append(self.mark)
            self.send(self.mark)

    def sync(self, n):
        for _ in range(int(n)):
            self.write(1)
            with self.news:
                self.news.wait_for(lambda: not self.unanswered)

    def flow(self, ms):
        self.flowing = True
        while self.flowing:
            self.write(1)
            time.sleep(int(ms) / 1000)

    def ask(self):
        body = struct.pack(">hhih", 3, 1, -1, len(self.id)) + self.id + b"\xff\xff\xff\xff"
        self.conn.sendall(struct.pack(">i", len(body)) + body)

    def stop(self):
        self.flowing = False

    def again(self):
        with self.news:
            marks = list(self.unanswered)
        for mark in marks:
            self.send(mark)
        say(sys.stdout, event="again", marks=marks)

    def fin(self):
        self.conn.shutdown(socket.SHUT_WR)

    def close(self):
        # the thread that reads holds the file open: so both ways end here
        self.conn.shutdown(socket.SHUT_RDWR)
        self.conn.close()

    def reset(self):
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.conn.shutdown(socket.SHUT_RD) # says nothing to the other side; the thread that reads ends, and with it its use of the file
        self.reader.join()
        self.conn.close()


def client(address, port, client_id, fifo, library="2.3.0", producer="0"):
    c = Client(address, port, client_id, library, int(producer), os.path.join(os.path.dirname(fifo), "ports"))
    with open(fifo, encoding="utf-8") as f:
        for line in f:
            what, *args = line.split()
            say(sys.stdout, event="told", what=line.strip())
            if what in ("sync", "flow"):
                in_thread(getattr(c, what), *args)
            else:
                getattr(c, what)(*args)


# ---- the proxy ----


def hand_on(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                b.shutdown(socket.SHUT_WR)
                return
            b.sendall(data)
    except OSError:
        a.close()
        b.close()


def proxy(address, port, source, to, to_port):
    s = listener(address, int(port))
    while True:
        down, _ = s.accept()
        up = socket.create_connection((to, int(to_port)), source_address=(source, 0))
        in_thread(hand_on, down, up)
        in_thread(hand_on, up, down)


{"agent": agent, "client": client, "proxy": proxy}[sys.argv[1]](*sys.argv[2:])
