#!/usr/bin/env python3
"""One run of the proof: clients that can reach their home zone, which goes and comes back again and again.

    arena.py OUT --topology 1|2|3 --libs "java kafka-go" --plan "first:2 last:2 observe:1" [--clients 2] [--roles write/default,group/default]

In:  the namespaces, the cgroup and the folders that tests/e2e/lib.sh made: P, WORK, CGROUP, PIN_DIR, REZONE, STANDIN in the environment.
Out: OUT/run.json (set-ups, cycles, what was told), OUT/events-*.json, OUT/agent-*.trace, OUT/clients/*.log, OUT/dump/*; lines of
     progress on stderr. collect.py reads it.
Who: tests/e2e/proof.sh.

A cycle: home goes; signposts at its addresses name the others; every client finds another agent (one that does not is started again, as
its operator would do it); rezone is started unless it is there; home comes; clients are moved until nothing more happens; home goes.
Modes of a cycle: first (rezone was there before the clients), last (it is started anew once the clients sit in the wrong zone), observe
(it moves nobody: the baseline), plain and lie (the positive controls: resets that wait for nothing, of coordinators too; agents at home
that acknowledge and do not write).
One rezone for each node, as it is deployed: zones a and c are a node each, and neither sees home's connections.
--parked: once the clients are away, and until their connections are parked, the topology says that they are at home.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import setups as S
from processes import Processes, rmdir, say, until
from traces import Tail, seconds

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
ENV = os.environ
TOLD = ["--interval", os.environ.get("INTERVAL", "1s"), "--stable-for", "2s", "--cooldown", "5s"]  # all else is rezone's default
AWAY_S = 15  # so long clients have to leave a home that went before they are started again
RUNNING_S = 60  # and then all must be at work
QUIET_S = 12  # a cycle ends when nobody was moved for so long, the outcomes are told, ...
WHOLE_S = 25  # ... and home has been there for so long
OUTCOME_S = 30  # rezone judges a move after --outcome-after, its default
OUTCOME_SHORT_S = 20  # ... in the short form
TICK_S = 6  # then it has told of it
CLIENTS_A_S = 2.2  # moves that rezone's rates allow; who was not moved in the time that this gives all clients is not waited for
FIRST_S = 30  # so long the first move may take on a busy machine
PLAIN_S = 25
SHORT_S = 15  # in the short form, instead of both
PARKED = ["--park-after", "3s"]
PARK_S = 40  # so long connections have until they are parked: 64 requests of a reader take a while
DATA = ("data", "shared", "acks0", "transactional")


class Arena:
    def __init__(self, o):
        self.o, self.out, self.p = o, o.out, Processes()
        self.others = S.TOPOLOGIES[o.topology]
        self.nodes = sorted({z for z, _ in self.others})
        self.setups = S.setups_of(o.libs, o.clients, o.wanted)
        self.outcome_s = OUTCOME_SHORT_S if o.short else OUTCOME_S
        self.tail = Tail()
        self.cycles, self.notes, self.died, self.kept, self.at_home, self.daemons = [], [], [], [], [], 0
        self.skipped = {}
        self.clinging, self.lame, self.restarted = set(), set(), []  # set-ups that do not leave a home that went
        for d in ("clients", "dump"):
            os.makedirs(f"{self.out}/{d}", exist_ok=True)

    # ---- agents and topology ----

    def agent_start(self, agent, *flags):
        zone, n = agent
        nr, ip = S.agent_id(agent), S.agent_ip(agent)
        node = f"{ENV['CGROUP']}/{zone}"
        os.makedirs(node, exist_ok=True)
        if n > 1:
            subprocess.run(["ip", "-n", f"{ENV['P']}-{zone}", "addr", "add", f"{ip}/16", "dev", "eth0"], stderr=subprocess.DEVNULL)
        trace = f"{self.out}/agent-{nr}.trace"
        self.p.start(f"agent-{nr}", [f"{ENV['STANDIN']}/rezone-agent", "--id", str(nr), "--zone", zone, "--listen", f"{ip}:9092",
                                     "--data", f"{ENV['WORK']}/data", "--partitions", "4", "--delay-produce", self.o.delay,
                                     "--join-wait", "3s", "--log", trace, *flags],
                     ns=zone, cgroup=node, out=f"{self.out}/agent-{nr}.log", err=f"{self.out}/agent-{nr}.log")
        self.tail.follow(trace)
        if not until(60, lambda: os.path.exists(f"{ENV['WORK']}/data/agents/{nr}")):
            raise RuntimeError(f"agent {nr} did not start, see {self.out}/agent-{nr}.log")

    def home_start(self, *flags):
        for a in S.HOME_AGENTS:
            self.agent_start(a, *flags)

    def signposts(self):
        """At home's addresses, while it is away: they name the other agents. Many libraries know no others and never ask elsewhere."""
        for a in S.HOME_AGENTS:
            nr, ip = S.agent_id(a), S.agent_ip(a)
            self.p.start(f"signpost-{nr}", [f"{ENV['STANDIN']}/rezone-agent", "--signpost", "--id", str(nr), "--zone", S.HOME, "--listen",
                                            f"{ip}:9092", "--data", f"{ENV['WORK']}/data", "--partitions", "4"], ns=S.HOME,
                         out=f"{self.out}/signpost.log", err=f"{self.out}/signpost.log")

    def home_stop(self):
        """as a readiness source would have it: not ready first, then the agents end by themselves"""
        self.topology(home_ready=False)
        time.sleep(2)
        late = self.p.stop(*[f"agent-{S.agent_id(a)}" for a in S.HOME_AGENTS], seconds=30)
        for n in late:
            self.note(f"{n} did not end by itself within 30 s")
        self.signposts()

    def signposts_stop(self):
        """before home is back: who loses a connection to one asks for metadata, and is shown the others once more"""
        names = [n for n in self.p.running if n.startswith("signpost")]
        self.p.stop(*names)
        if names:
            time.sleep(5)

    def topology(self, home_ready, all_home=False):
        for node in self.nodes:
            lines = [f"zone: {S.HOME if all_home else node}", "agents:"]
            for a in self.others + S.HOME_AGENTS:
                ready = "true" if home_ready or a[0] != S.HOME else "false"
                zone = S.HOME if all_home else a[0]
                lines.append(f"  - {{ address: {S.agent_ip(a)}, zone: {zone}, ready: {ready}, name: agent-{S.agent_id(a)} }}")
            name = f"{ENV['WORK']}/topology-{node}.yaml"
            with open(name + ".tmp", "w") as f:
                f.write("\n".join(lines) + "\n")
            os.rename(name + ".tmp", name)

    # ---- rezone ----

    def rezone_start(self, *flags):
        self.daemons += 1
        os.makedirs(ENV["PIN_DIR"], exist_ok=True)
        for node in self.nodes:
            pins, log, before = f"{ENV['PIN_DIR']}/{node}", f"{self.out}/rezone-{node}.log", self.starts(node)
            self.p.start(f"rezone-{node}", [ENV["REZONE"], "run", "--pin-dir", pins, "--cgroup", f"{ENV['CGROUP']}/{node}", "--topology",
                                            f"{ENV['WORK']}/topology-{node}.yaml", *TOLD, *(PARKED if self.o.parked else []),
                                            "--outcome-after", f"{self.outcome_s}s", *flags], out=log, err=log)
            if not until(60, lambda: self.starts(node) > before):
                raise RuntimeError(f"rezone did not start, see {log}")
            self.p.start(f"events-{node}", [ENV["REZONE"], "events", "--pin-dir", pins, "-f", "-o", "json"],
                         out=self.events_of(node), err=log)

    def starts(self, node):
        """how many starts the maps tell of"""
        out = subprocess.run([ENV["REZONE"], "events", "--pin-dir", f"{ENV['PIN_DIR']}/{node}", "-o", "json", "-e", "start"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        return len(out.splitlines())

    def events_of(self, node):
        return f"{self.out}/events-{node}-{self.daemons}.json"

    def rezone_stop(self):
        if not any(self.p.alive(f"rezone-{n}") for n in self.nodes):
            return
        time.sleep(1)
        self.p.stop(*[f"events-{n}" for n in self.nodes])
        self.p.stop(*[f"rezone-{n}" for n in self.nodes])

    def rezone_anew(self):
        """As an operator would close its breaker, after a look. Nobody who stayed away keeps a connection that is older than it."""
        self.rezone_stop()
        self.rezone_start()
        self.tail.read()
        self.restart([s for s in self.setups if self.working(s, time.time() - 8, home=False)])

    def rezone_list(self, node):
        out = subprocess.run([ENV["REZONE"], "list", "--pin-dir", f"{ENV['PIN_DIR']}/{node}", "-o", "json"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        try:
            return json.loads(out)
        except ValueError:
            return []

    def events(self):
        for node in self.nodes:
            if os.path.exists(self.events_of(node)):
                with open(self.events_of(node), errors="replace") as f:
                    for line in f:
                        try:
                            yield node, json.loads(line)
                        except ValueError:
                            pass  # half a line

    # ---- clients ----

    def client_start(self, s):
        argv = [f"{ROOT}/tests/peers/clients/run", s.lib, s.role, "--bootstrap", self.bootstrap(), "--client-id", S.client_id(s), "--topic", s.topic,
                "--instances", str(s.clients)]
        if s.role == "write":
            how, rate = S.WRITERS[s.settings]
            argv += ["--settings", how, "--rate", str(rate)]
        else:
            argv += ["--settings", s.settings]
        if s.role == "group":
            argv += ["--group", s.name]
        if s.role != "write":
            argv += ["--from", "last"]
        self.p.start(s.name, argv, ns="cl", out=f"{self.out}/clients/{s.name}.log", err=f"{self.out}/clients/{s.name}.err")

    def bootstrap(self):
        return ",".join(f"{S.agent_ip(a)}:9092" for a in self.others)

    def topics(self):
        for t in {s.topic for s in self.setups} | {S.FEED}:
            if not until(60, lambda: self.kcat("-L", "-t", t).find("partition 3, leader") >= 0):
                raise RuntimeError(f"topic {t} is not made")

    def kcat(self, *args):
        argv = ["ip", "netns", "exec", f"{ENV['P']}-cl", "timeout", "120", "kcat", "-b", f"{S.agent_ip(('a', 1))}:9092", *args]
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace").stdout

    def feeder_start(self):
        """what readers read; no client of the proof: it names no zone"""
        feed = "i=0; while echo feed-$((i += 1)) 2>/dev/null; do sleep 0.2; done"
        self.p.start("feeder", ["bash", "-c", f"exec kcat -E -P -b {S.agent_ip(('a', 1))}:9092 -X linger.ms=0 -t {S.FEED} < <({feed})"],
                     ns="cl", err=f"{self.out}/feeder.log")

    def clients_start(self):
        for i, s in enumerate(self.setups):
            self.client_start(s)
            if i % 4 == 3:
                until(5, lambda: os.getloadavg()[0] < 12)
        time.sleep(1)

    def drop_missing(self):
        """set-ups whose library was not built are skipped by name"""
        for s in list(self.setups):
            if self.p.alive(s.name):
                continue
            err = open(f"{self.out}/clients/{s.name}.err", errors="replace").read()
            if "SKIP" in err:
                self.skipped[s.lib] = err.strip().splitlines()[-1]
                self.p.ended(s.name, 1)
                self.setups.remove(s)
        if not self.setups:
            say("no client library was built: " + "; ".join(self.skipped.values()))
            sys.exit(3)

    def members(self, s):
        return [(s.name, i + 1) for i in range(s.clients)]

    def working(self, s, since, home):
        """clients of that set-up that have asked for data since then, and last elsewhere (at home)"""
        out = []
        for who in self.members(s):
            t, agent = self.tail.last.get(who, (0, None))
            if t > since and (S.zone_of(agent) == S.HOME) == home:
                out.append(who)
        return out

    def idle(self, since):
        self.tail.read()
        return [s for s in self.setups if len(self.working(s, since, home=False)) < s.clients or not self.group_stands(s)]

    def idle_but(self, since, names):
        return [s for s in self.idle(since) if s.name not in names]

    def group_stands(self, s):
        return s.role != "group" or self.tail.members.get(s.name) == s.clients

    def revive(self):
        """an application that ended is started again, and its end is an error"""
        for s in self.setups:
            if not self.p.alive(s.name):
                self.died.append({"t": time.time(), "setup": s.name})
                self.p.ended(s.name, 1)
                self.client_start(s)

    def everybody_away(self):
        """Every client works elsewhere; those that cannot leave a home that went are started again."""
        since = time.time()
        self.restarted = []
        self.restart([s for s in self.setups if s.name in self.clinging])
        if self.cycles:
            until(AWAY_S, lambda: not self.idle_but(since, self.lame), every=0.5)
            stuck = [s for s in self.idle(since) if s.name not in self.restarted]
            self.clinging |= {s.name for s in stuck}
            self.restart(stuck)
        self.revive()
        until(RUNNING_S, lambda: not self.idle_but(since, self.lame), every=0.5)
        self.lame = {s.name for s in self.idle(since)}  # they are not waited for again
        if self.lame:
            self.note("not at work: " + " ".join(sorted(self.lame)))
        until(RUNNING_S, self.groups_rest)

    def groups_rest(self):
        self.tail.read()
        return time.time() - self.tail.generation_t > 3

    def restart(self, setups):
        for s in setups:
            self.p.signal(s.name)
        for s in setups:
            self.p.ended(s.name, 8)
            self.client_start(s)
        self.restarted += [s.name for s in setups]

    def note(self, text):
        say(text)
        self.notes.append(text)

    # ---- cycles ----

    def data_connections(self):
        for node in self.nodes:
            for r in self.rezone_list(node):
                if r["kind"] in DATA and S.client_of(r.get("client_id")):
                    yield (node, r["cookie"]), r

    def park(self):
        """The topology says that all are at home until they are parked, then that they are away. Those that were."""
        parked = set()

        def all_are():
            rows = dict(self.data_connections())
            parked.clear()
            parked.update(at for at, r in rows.items() if r["parked"])
            return parked and len(parked) == len(rows)

        self.topology(home_ready=False, all_home=True)
        until(PARK_S, all_are, every=1)
        self.topology(home_ready=False)
        time.sleep(3)
        return parked

    def moved_of(self, cookies, since):
        return sum(1 for node, e in self.events() if e["event"] == "move" and stamp(e) >= since and (node, e["cookie"]) in cookies)

    def cycle(self, mode):
        order = "last" if mode == "last" else "first" if mode == "first" else "-"
        began = time.time()
        if mode != "first":
            self.rezone_stop()
        self.everybody_away()
        self.signposts_stop()
        if not self.p.alive(f"rezone-{self.nodes[0]}"):
            self.rezone_start(*{"observe": ["--mode", "observe"], "plain": ["--in-flight", "ignore"]}.get(mode, []))
            time.sleep(2)
        parked = self.park() if self.o.parked and order != "-" else set()
        up = time.time()
        self.home_start(*(["--lie", "3"] if mode == "lie" else []))
        self.topology(home_ready=True)
        self.run_cycle(mode, up)
        self.keep(len(self.cycles))
        end = time.time()
        opened = any(e["event"] == "breaker-open" for _, e in self.events())
        c = dict(n=len(self.cycles), order=order, mode=mode if order == "-" else "enforce", up=up, end=end, daemon=self.daemons, began=began,
                 load=round(os.getloadavg()[0], 1), restarted=self.restarted, breaker=opened,
                 parked=len(parked), parked_moved=self.moved_of(parked, up))
        self.cycles.append(c)
        moves = sum(1 for _, e in self.events() if e["event"] == "move" and stamp(e) >= up)
        say(f"cycle {len(self.cycles)} of {len(self.o.plan)}, {mode}: {moves} moves, {end - up:.0f} s with home, "
            f"{up - began:.0f} s without, load {c['load']}" + (", the breaker is open" if opened else "")
            + (f", {c['parked_moved']} of {len(parked)} connections that were parked are moved" if parked else ""))
        if opened and mode == "first":
            self.rezone_anew()
        self.home_stop()
        self.write()

    def run_cycle(self, mode, up):
        if mode in ("plain", "lie"):
            end = time.time() + (SHORT_S if self.o.short else PLAIN_S)
            while time.time() < end:
                if mode == "plain":
                    self.reset_coordinators()
                time.sleep(3)
            return
        enough = up + WHOLE_S + sum(s.clients for s in self.setups) / CLIENTS_A_S
        if mode == "observe":
            time.sleep(SHORT_S if self.o.short else WHOLE_S)
            return
        until(enough - time.time() + self.outcome_s + TICK_S, lambda: self.nothing_more(up, enough), every=1)

    def nothing_more(self, up, enough):
        now, moved, told = time.time(), [], set()
        for node, e in self.events():
            if stamp(e) < up:
                continue
            if e["event"] == "move" and stamp(e) < enough:
                moved.append((stamp(e), node, e["cookie"]))
            elif e["event"] == "outcome":
                told.add((node, e["cookie"]))
        open_ = [m for m in moved if m[1:] not in told and m[0] > now - self.outcome_s - TICK_S]
        quiet = now > enough or now - max((m[0] for m in moved), default=up + FIRST_S) > QUIET_S
        return now - up > (SHORT_S if self.o.short else WHOLE_S) and not open_ and quiet

    def keep(self, n):
        """who is still away, and rezone's reason for it"""
        self.tail.read()
        reasons = {}
        for node in self.nodes:
            rows = self.rezone_list(node)
            with open(f"{self.out}/list-{node}-{n}.json", "w") as f:
                json.dump(rows, f)
            for r in rows:
                who = S.client_of(r.get("client_id"))
                if who and r["kind"] in DATA and r.get("locality") != "same":
                    reasons.setdefault(who, (r["idle_s"] or 0, r["reason"]))
                    reasons[who] = min(reasons[who], (r["idle_s"] or 0, r["reason"]))
        now = time.time()
        for s in self.setups:
            self.at_home += [[n, list(who)] for who in self.working(s, now - 8, home=True)]
            for who in self.working(s, now - 8, home=False):
                if who in reasons:
                    self.kept.append([n, list(who), reasons[who][1]])

    def reset_coordinators(self):
        for node in self.nodes:
            for r in self.rezone_list(node):
                if r["kind"] in ("coordinator", "shared") and r["opt_in"]:
                    ip, _, port = r["client"].rpartition(":")
                    subprocess.run(["ip", "netns", "exec", f"{ENV['P']}-{node}", "ss", "-K", "dst", ip, "dport", "=", port],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # ---- the run ----

    def run(self):
        say(f"{self.o.topology} other agents, {len(self.setups)} set-ups of {self.o.clients} clients, plan: {' '.join(self.o.plan)}")
        self.topology(home_ready=False)
        for a in self.others:
            self.agent_start(a)
        self.topics()
        self.feeder_start()
        if self.o.plan[0] == "first":
            self.rezone_start()
        self.clients_start()
        self.drop_missing()
        for mode in self.o.plan:
            self.cycle(mode)
        self.rezone_stop()
        self.p.stop("feeder", *[s.name for s in self.setups], seconds=8)
        time.sleep(1)
        for t in sorted({s.topic for s in self.setups if s.role == "write"}):
            with open(f"{self.out}/dump/{t}", "w") as f:
                f.write(self.kcat("-C", "-X", "fetch.wait.max.ms=1", "-t", t, "-o", "beginning", "-e", "-f", "%p %o %s\n"))
        self.write(whole=True)

    def write(self, whole=False):
        o = self.o
        run = dict(topology=o.topology, clients=o.clients, setups=[s._asdict() for s in self.setups], cycles=self.cycles, died=self.died,
                   kept=self.kept, at_home=self.at_home, notes=self.notes, skipped=self.skipped, whole=whole, delay=o.delay, parked=o.parked)
        with open(f"{self.out}/run.json.tmp", "w") as f:
            json.dump(run, f, indent=1)
        os.rename(f"{self.out}/run.json.tmp", f"{self.out}/run.json")

    def tidy(self):
        self.p.stop_all()
        for node in self.nodes:
            subprocess.run(["rm", "-rf", f"{ENV['PIN_DIR']}/{node}"])
        for z in set(self.nodes) | {S.HOME}:
            until(3, lambda: rmdir(f"{ENV['CGROUP']}/{z}"))


def stamp(event):
    return seconds(event["time"])


def options():
    a = argparse.ArgumentParser()
    a.add_argument("out")
    a.add_argument("--topology", type=int, choices=S.TOPOLOGIES, default=2)
    a.add_argument("--libs", required=True)
    a.add_argument("--plan", required=True, help="words MODE:CYCLES; `first` must come first")
    a.add_argument("--clients", type=int, default=2, help="of each set-up, at most 4")
    a.add_argument("--roles", default="", help="only these, as write/default,group/default")
    a.add_argument("--parked", action="store_true", help="connections are parked before they are moved")
    a.add_argument("--short", action="store_true", help="cycles without moves are shorter")
    a.add_argument("--delay", default="200ms", help="how late agents answer a Produce")
    o = a.parse_args()
    o.libs = o.libs.split()
    o.plan = [m for word in o.plan.split() for m, _, n in [word.partition(":")] for _ in range(int(n or 1))]
    roles = {tuple(r.split("/")) for r in o.roles.split(",") if r}
    o.wanted = (lambda role, settings: (role, settings) in roles) if roles else None
    return o


def main():
    arena = Arena(options())
    try:
        arena.run()
    finally:
        arena.tidy()


if __name__ == "__main__":
    main()
