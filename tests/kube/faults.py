"""An API server that does on command what a real one will not. Ours, a mock: HTTP/1.1 on loopback, without TLS unless `tls` is set.

Comes in: slices, and for each kind of request (list, watch, check) a fault. Goes out: answers, broken as asked. Used by
20-faults.py and 22-certificates.py.
"""
import contextlib, json, socket, threading, time

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Server:
    def __init__(self, address="127.0.0.1", port=18001, tls=None):
        self.tls = tls        # an SSLContext; another one counts from the next connection on
        self.items, self.version = {}, 100
        self.fault = {}       # kind -> function(sock, server); returns True if the connection may go on
        self.count = {}       # kind -> requests so far
        self.tokens = set()   # what requests brought, "" of none
        self.watchers = []    # sockets of open watches
        self.open = []        # all connections so far
        self.chunk = 0        # events are cut into HTTP chunks of that many bytes
        self.lock = threading.RLock()
        self.s = socket.create_server((address, port))
        threading.Thread(target=self.accept, daemon=True).start()
        self.url = f"http{'s' if tls else ''}://{address}:{port}"

    def accept(self):
        while True:
            conn, _ = self.s.accept()
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        data = b""
        try:
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
            with self.lock:
                self.open.append(conn)
            while True:
                while b"\r\n\r\n" not in data:
                    more = conn.recv(65536)
                    if not more:
                        return
                    data += more
                head, data = data.split(b"\r\n\r\n", 1)
                if not self.answer(conn, head.decode()):
                    return
        except OSError:
            pass

    def answer(self, conn, head):
        path = head.split(" ", 2)[1]
        kind = "watch" if "watch=1" in path else "check" if "PartialObjectMetadata" in head else "list"
        with self.lock:
            self.count[kind] = self.count.get(kind, 0) + 1
            self.tokens.add("".join(line.split(" ", 1)[1] for line in head.split("\r\n") if line.lower().startswith("authorization:")))
            fault = self.fault.get(kind)
        if fault:
            return fault(conn, self)
        if kind == "watch":
            with self.lock:
                conn.sendall((HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode())
                self.watchers.append(conn)
            return True
        self.body(conn, self.list_text())
        return True

    def list_text(self):
        with self.lock:
            return json.dumps({"kind": "EndpointSliceList", "metadata": {"resourceVersion": str(self.version)},
                               "items": list(self.items.values())})

    def body(self, conn, text, status="200 OK", type="application/json"):
        raw = text.encode() if isinstance(text, str) else text
        conn.sendall(f"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)

    def cut_all(self):
        with self.lock:
            conns, self.open, self.watchers = self.open, [], []
        for c in conns:
            with contextlib.suppress(OSError):
                c.shutdown(socket.SHUT_RDWR)

    def line(self, raw):
        """Sends bytes to every watch, as HTTP chunks."""
        raw = raw.encode() if isinstance(raw, str) else raw
        step = self.chunk or len(raw)
        with self.lock:
            for w in list(self.watchers):
                try:
                    for i in range(0, len(raw), step):
                        piece = raw[i:i + step]
                        w.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                except OSError:
                    self.watchers.remove(w)

    def set(self, s, quiet=False, kind="MODIFIED"):
        with self.lock:
            self.version += 1
            s["metadata"].update(resourceVersion=str(self.version), uid="uid-" + s["metadata"]["name"])
            self.items[s["metadata"]["name"]] = s
            if not quiet:
                self.line(json.dumps({"type": kind, "object": s}) + "\n")

    def drop(self, name):
        with self.lock:
            self.version += 1
            s = self.items.pop(name)
            s["metadata"]["resourceVersion"] = str(self.version)
            self.line(json.dumps({"type": "DELETED", "object": s}) + "\n")

    def close_watches(self, how="clean"):
        with self.lock:
            for w in self.watchers:
                try:
                    if how == "clean":
                        w.sendall(b"0\r\n\r\n")
                    else:
                        w.shutdown(socket.SHUT_RDWR if how == "cut" else socket.SHUT_WR)
                except OSError:
                    pass
            self.watchers = []
