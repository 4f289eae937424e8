"""The rounds of close-matrix.sh.

In:  its environment (P, WORK, NISSHI, FRONT, OUT, RUNS, LIBS, ROUNDS, CLOSES, LISTED). Out: JSON lines in OUT, and the table of
close_table.py. Who: close-matrix.sh.

A round: agents of zone a (one, or three) are alive, clients whose tag says zone b start, each with a group, id and records of
its own. When all work, b's agent appears. From then on each client's connections of one kind in zone a are closed from the
agent's side, again every 5 s while data still goes there. It is home when data goes to b alone. Rounds:

    wr    producers (closed while nothing is in flight, seen by the times of the last segments) and readers without a group
    grp   group members' data connections; other members' coordinator connections, which are closed once
    take  producers, closed in a gap after which their next request was kept away, as a hold does it: here by a routing rule
    load  producers with about four requests in flight, each closed five times; zone b stays empty
    none  as wr and grp without any close: who comes home by itself
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import close

P, WORK, ENV = os.environ["P"], os.environ["WORK"], os.environ
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBS = ENV.get(
    "LIBS", "confluent-2.0 confluent kafka-python kafka-python-debian aiokafka kafka-go franz-go sarama kafkajs java"
).split()
ROLE = {"write": "write", "take": "write", "load": "write", "read": "read", "group": "group", "coord": "group"}
KINDS = {"wr": ["write", "read"], "grp": ["group", "coord"], "take": ["take"], "load": ["load"]}
RATE = {"write": 2, "take": 2, "load": 15}
PRODUCE, FETCH, METADATA, JOIN, HEARTBEAT = 0, 1, 3, 11, 12
ONE = "ONE" in ENV  # of a client's connections one is closed at a time, as rezone does it
WATCH_S, AGAIN_S = float(ENV.get("WATCH_S", 22)), 5.0


def in_ns(ns, *cmd):
    return ["ip", "netns", "exec", f"{P}-{ns}", *cmd]


class Agent:
    """One zone view, in front of the one broker."""

    def __init__(self, folder, number, zone, ip, delay):
        self.ns, self.ip, self.diag = zone, ip, close.Diag(f"{P}-{zone}")
        self.log = open(f"{folder}/front-{number}.jsonl", "a+")
        out = open(f"{folder}/front-{number}.out", "w")
        cmd = [ENV["FRONT"], "--id", str(number), "--zone", zone, "--listen", f"{ip}:9092", "--advertise", f"{ip}:9092"]
        cmd += ["--upstream", "10.99.1.1:9392", "--discovery", f"{folder}/discovery", "--log", self.log.name]
        self.process = subprocess.Popen(in_ns(zone, *cmd, "--delay-produce", delay), stdout=out, stderr=out)
        deadline = time.monotonic() + 20
        while "listening" not in open(out.name).read() and time.monotonic() < deadline:
            time.sleep(0.05)

    def close(self, way, c):
        return self.diag.reset(c) if way == "rst" else close.fin(self.process.pid, c)

    def keep_away(self, what, c):
        """what: add or del. All that comes from that client's port is dropped (early demux is off, or no route was looked up)"""
        rule = ["ip", "rule", what, "pref", "10", "from", c.peer.split(":")[0], "ipproto", "tcp", "sport", c.peer.split(":")[1]]
        subprocess.run(in_ns(self.ns, *rule, "blackhole"), check=False)


class Client:
    def __init__(self, folder, number, lib, kind, bootstrap):
        self.lib, self.kind = lib, kind
        self.id = f"{lib}-{kind},warpstream_az=b,warpstream_interzone_lb=true"
        self.log = open(f"{folder}/{lib}-{kind}.log", "a+")
        cmd = [f"{ROOT}/tests/peers/clients/run", lib, ROLE[kind], "--bootstrap", bootstrap, "--client-id", self.id]
        cmd += ["--topic", f"{'w' if ROLE[kind] == 'write' else 'r'}{number}", "--partition", "1"]
        if ROLE[kind] == "write":
            cmd += ["--rate", str(RATE[kind])]
        if ROLE[kind] == "group":
            cmd += ["--group", f"{lib}-{kind}-{number}", "--from", "first"]
        self.process = subprocess.Popen(in_ns("cl", *cmd), stdout=self.log, stderr=subprocess.STDOUT)
        self.api = PRODUCE if ROLE[kind] == "write" else FETCH
        self.events, self.groups, self.asked_metadata, self.carries, self.closed = [], [], [], {}, []
        self.home = None

    def read_log(self):
        """JSON lines; what else the library says is skipped"""
        for line in open(self.log.name, errors="replace").read().splitlines()[len(self.events) :]:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.events.append({})

    def count(self, *names):
        return sum(1 for e in self.events if e.get("event") in names)

    def wants(self, apis):
        """is a connection that carried those the kind to be closed?"""
        if self.kind == "coord":
            return (JOIN in apis or HEARTBEAT in apis) and FETCH not in apis
        return self.api in apis


class Round:
    def __init__(self, number, name, way, listed, run):
        self.number, self.name, self.way, self.listed, self.run = number, name, way, listed, run
        self.folder = f"{WORK}/round-{number}"
        os.makedirs(f"{self.folder}/discovery")
        self.agents, self.clients, self.others = [], [], []

    def agent(self, number, zone, ip):
        self.agents.append(Agent(self.folder, number, zone, ip, "250ms" if self.name == "load" else "0s"))

    def start(self):
        for topic in ("r", "w"):
            broker = ["--broker", "tcp://10.99.1.1:9392", f"{topic}{self.number}", "--partitions", "4"]
            subprocess.run(in_ns("a", ENV["NISSHI"], "topic", "create", *broker), capture_output=True, timeout=30)
        for i in range(self.listed):
            self.agent([1, 11, 12][i], "a", f"10.99.1.{i + 1}")
        self.bootstrap = ",".join(f"{a.ip}:9092" for a in self.agents) + ",10.99.2.1:9092"
        feed = ["kafka-go", "write", "--bootstrap", "10.99.1.1:9392", "--client-id", "feed"]
        feed = in_ns("cl", f"{ROOT}/tests/peers/clients/run", *feed, "--topic", f"r{self.number}", "--rate", "20")
        self.others.append(subprocess.Popen(feed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for kind in KINDS["wr"] + KINDS["grp"][:1] if self.name == "none" else KINDS[self.name]:
            self.clients += [Client(self.folder, self.number, lib, kind, self.bootstrap) for lib in LIBS]

    def look(self):
        """reads all that was logged since"""
        by_id = {c.id: c for c in self.clients}
        for a in self.agents:
            while line := a.log.readline():
                e = json.loads(line)
                c = by_id.get(e.get("client_id"))
                if c is None:
                    continue
                if e["event"] == "group":
                    c.groups.append((time.monotonic(), e))
                else:
                    c.carries.setdefault((a.ip, e["conn"]), set()).add(e["api"])
                    if e["api"] == METADATA:
                        c.asked_metadata.append(time.monotonic())

    def data_goes(self, sockets, client):
        """zones that its data of the last 3 s went to, and its connections to close in zone a"""
        zones, wrong = set(), []
        for a in self.agents:
            for key in [k for k in client.carries if k[0] == a.ip and k in sockets]:
                apis, fresh = client.carries[key], sockets[key].since_got < 3000
                if client.api in apis and fresh:
                    zones.add(a.ns)
                if a.ns == "a" and client.wants(apis) and (client.kind == "coord" or fresh):
                    wrong.append((a, sockets[key]))
        return zones, wrong

    def until_ready(self):
        deadline = time.monotonic() + 60
        ready = set()
        while time.monotonic() < deadline and len(ready) < len(self.clients):
            self.look()
            for c in self.clients:
                c.read_log()
                member = ROLE[c.kind] != "group" or any(e["api"] == HEARTBEAT for _, e in c.groups)
                if c.count("read", "wrote") >= 3 and member:
                    ready.add(c)
            time.sleep(0.5)
        self.clients, lost = [c for c in self.clients if c in ready], [c for c in self.clients if c not in ready]
        for c in lost:
            print(f"# round {self.number}: {c.lib} {c.kind} did not start", flush=True)
            self.others.append(c.process)
        time.sleep(3)

    def may_close(self, client, c):
        """a gap: the answer left after the last request, a moment ago; a producer's next request is not due yet"""
        if client.kind in ("write", "take", "coord") and (c.queued or c.since_sent > c.since_got or c.since_got < 15):
            return False
        return client.kind not in ("write", "take") or 30 <= c.since_got <= 250

    def close_some(self, sockets, client, waiting):
        now = time.monotonic()
        zones, wrong = self.data_goes(sockets, client)
        if client.kind != "load":
            if zones == {"b"}:
                client.home = client.home or now - self.began
            elif zones:
                client.home = None
        if self.way == "none":
            return
        again = 2 if client.kind == "load" else AGAIN_S
        most = {"coord": 1, "load": 5}.get(client.kind, 100)
        rounds = len({t for t, _, _ in client.closed})
        if client.home is None and rounds < most and (not client.closed or now - client.closed[-1][0] >= again):
            waiting.setdefault(client, now)
        if client not in waiting:
            return
        # those of one round at once, each in its own gap, for a second at most
        done = {(ip, peer) for _, ip, peer in client.closed}
        todo = [(a, c) for a, c in wrong if (a.ip, c.peer) not in done]
        for a, c in todo[:1] if ONE else todo:
            now = a.diag.connections(9092).get((a.ip, c.peer))
            if now and self.may_close(client, now) and self.end_of(client, a, now):
                client.closed.append((waiting[client], a.ip, c.peer))
                todo = [] if ONE else todo
        if time.monotonic() - waiting[client] > 1 or not todo:
            del waiting[client]

    def end_of(self, client, a, c):
        if client.kind != "take":
            return a.close(self.way, c)
        a.keep_away("add", c)
        now = a.diag.connections(9092).get((a.ip, c.peer))
        held = now and not now.queued and now.since_sent <= now.since_got  # nothing came in between
        if held:
            time.sleep(1.5 / RATE["take"])
            a.close(self.way, now)
        a.keep_away("del", c)
        return held

    def look_at(self):
        """all connections to agents"""
        return {k: c for ns in {a.ns for a in self.agents} for k, c in self.first(ns).diag.connections(9092).items()}

    def first(self, ns):
        return next(a for a in self.agents if a.ns == ns)

    def watch(self):
        waiting = {}
        if self.name != "load":
            self.agent(2, "b", "10.99.2.1")
        self.began = time.monotonic()
        for c in self.clients:
            c.read_log()
            c.before = len(c.events)
        while time.monotonic() - self.began < WATCH_S:
            self.look()
            sockets = self.look_at()
            for c in self.clients:
                self.close_some(sockets, c, waiting)
            time.sleep(0.02)

    def end(self):
        for c in self.clients:
            c.read_log()
            c.at_end, c.after = c.process.poll(), len(c.events)
            c.groups_end = len(c.groups)
            c.n_end = c.count("read", "wrote")
        for p in [c.process for c in self.clients] + self.others:
            p.terminate()
        for p in [c.process for c in self.clients] + self.others:
            try:
                p.wait(8)
            except subprocess.TimeoutExpired:
                p.kill()
        for c in self.clients:
            c.read_log()
        written = self.written() if self.name != "grp" else {}
        with open(ENV["OUT"], "a") as f:
            for c in self.clients:
                f.write(json.dumps(self.row(c, written)) + "\n")
        for a in self.agents:
            a.process.terminate()
            a.process.wait()

    def written(self):
        cmd = ["kcat", "-C", "-e", "-q", "-b", "10.99.1.1:9392", "-t", f"w{self.number}", "-o", "beginning"]
        front = Agent(self.folder, 99, "a", "10.99.1.1", "0s") if not self.alive("10.99.1.1") else None
        cmd[cmd.index("-b") + 1] = "10.99.1.1:9092"
        text = subprocess.run(in_ns("cl", *cmd), capture_output=True, text=True, timeout=60).stdout
        if front:
            front.process.terminate()
        times = {}
        for id in text.split():
            times[id] = times.get(id, 0) + 1
        return times

    def alive(self, ip):
        return any(a.ip == ip and a.process.poll() is None for a in self.agents)

    def row(self, c, written):
        after = [e for e in c.events[c.before : c.after] if e]
        errors = [e.get("error") for e in after if e["event"] == "error"]
        first = min((t for t, _, _ in c.closed), default=self.began)
        told = [e for t, e in c.groups[: c.groups_end] if t >= first]
        joins = [e for e in told if e["api"] == JOIN and e.get("error") == 0]
        codes = sorted({e.get("error") for e in told if e.get("error")})
        acked = [e["id"] for e in c.events if e.get("event") == "wrote"]
        prefix = acked[0].rsplit("-", 1)[0] + "-" if acked else None
        doubled = [i for i, n in written.items() if n > 1 and prefix and i.startswith(prefix)]
        carried = [c.carries[k] for k in ((ip, peer) for _, ip, peer in c.closed) if k in c.carries]
        metadata = [t - first for t in c.asked_metadata if t >= first]
        return {
            "lib": c.lib, "kind": c.kind, "way": self.way, "listed": self.listed, "run": self.run, "round": self.name,
            "home_s": c.home and round(c.home, 1), "closes": len(c.closed), "rounds": len({t for t, _, _ in c.closed}),
            "errors": len(errors), "error": errors[0][:200] if errors else None, "ended": c.at_end,
            "joins": len(joins), "generations": len({e.get("generation") for e in joins}), "group_errors": codes, "revoked": sum(1 for e in after if e["event"] == "revoked"),
            "metadata_s": round(metadata[0], 2) if metadata else None,
            "shared": any(FETCH in s and (HEARTBEAT in s or JOIN in s) for s in carried),
            "apis": sorted({api for s in carried for api in s}),
            "done": c.n_end, "acked": len(acked), "doubled": len(doubled),
            "lost": sum(1 for i in acked if written and i not in written),
        }  # fmt: skip

    def stop(self):
        for p in [a.process for a in self.agents] + [c.process for c in self.clients] + self.others:
            if p.poll() is None:
                p.kill()
                p.wait()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    number = 0
    for run in range(1, int(ENV.get("RUNS", 3)) + 1):
        for name in ENV.get("ROUNDS", "none wr grp take load").split():
            for listed in [1] if name == "load" else [int(x) for x in ENV.get("LISTED", "1 3").split()]:
                if name == "none" and run > 1:
                    continue
                for way in ["none"] if name == "none" else ENV.get("CLOSES", "rst fin").split():
                    number += 1
                    began = time.monotonic()
                    r = Round(number, name, way, listed, run)
                    try:
                        r.start()
                        r.until_ready()
                        r.watch()
                        r.end()
                    finally:
                        r.stop()
                    print(f"# round {number}: {name} {way} listed={listed}: {time.monotonic() - began:.0f} s", flush=True)


main()
