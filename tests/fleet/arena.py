#!/usr/bin/env python3
"""Runs some set-ups in one mode: a real broker behind our zone view, clients that find no agent at home, then home comes.

    arena.py OUT --mode first|last|observe SETUP...

In:  the namespaces, cgroup and folders of tests/e2e/lib.sh: P, WORK, CGROUP, PIN_DIR, REZONE in the environment; what
     scripts/counterparts built.
Out: OUT/run.json, events-*.json, front-*.log, clients/*.log, dump/*; judge.py reads them.
Who: tests/e2e/fleet.sh.

first: rezone was there before the clients. last: it is started once they work in the wrong zone. observe: it moves nobody.
Apache Kafka holds the data; one front (tests/peers/front) is an agent: it shows a client the agents of its zone, and hands all else on.
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import time

import setups as S

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, f"{ROOT}/tests/proof")
from processes import Processes, rmdir, say, until  # noqa: E402
from traces import lines, seconds  # noqa: E402

ENV = os.environ
TOLD = ["--interval", "1s", "--stable-for", "2s"]  # all else is rezone's default
BROKER = "10.99.8.1"
CLIENT_PORT, ADMIN_PORT = 9392, 9394
START_S = 90  # so long clients may take to begin to work
SETTLE_S = 8  # ... and then groups to come to rest
AFTER_S = 12  # all are home: so long it is looked at what comes of it
LEAST_S = 25  # ... and home has been there for so long
SHORT_S = 2  # in the short form, each of these
REAUTH_MS = 20000
KAFKA = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{ip}:9395
listeners=CLIENT://{ip}:9392,ADMIN://{ip}:9394,CONTROLLER://{ip}:9395
advertised.listeners=CLIENT://{ip}:9392,ADMIN://{ip}:9394
controller.listener.names=CONTROLLER
inter.broker.listener.name=ADMIN
listener.security.protocol.map=CLIENT:{client},ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={work}/kafka
num.partitions=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=3000
log.cleaner.dedupe.buffer.size=2097152
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
connections.max.reauth.ms={reauth}
listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_app="secret";
listener.name.client.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""


def counterpart(name):
    out = subprocess.run([f"{ROOT}/scripts/counterparts", "path", name], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not out:
        say(f"SKIP {name} is not built (scripts/counterparts {name})")
        sys.exit(3)
    return out


class Arena:
    def __init__(self, o):
        self.o, self.out, self.p = o, o.out, Processes()
        self.setups = [S.BY_KEY[k] for k in o.setups]
        self.sasl = any(s.sasl for s in self.setups)
        self.logs, self.last, self.skipped, self.ended, self.notes = {}, {}, {}, [], []
        for d in ("clients", "dump"):
            os.makedirs(f"{self.out}/{d}", exist_ok=True)

    # ---- the broker, and agents before it ----

    def broker_start(self):
        dir_ = counterpart("kafka")
        for words in (["link", "set", "lo", "up"], ["addr", "add", f"{BROKER}/16", "dev", "br0"]):
            subprocess.run(["ip", "-n", f"{ENV['P']}-sw", *words], check=True)
        # an agent that named the broker behind it would not be seen otherwise: its client would go on there, unseen by rezone
        subprocess.run(["ip", "-n", f"{ENV['P']}-cl", "route", "add", "unreachable", BROKER], check=True)
        name = f"{ENV['WORK']}/kafka.properties"
        with open(name, "w") as f:
            f.write(KAFKA.format(ip=BROKER, work=ENV["WORK"], client="SASL_PLAINTEXT" if self.sasl else "PLAINTEXT", reauth=REAUTH_MS if self.sasl else 0))
        java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{dir_}/libs/*"]
        with open(f"{self.out}/kafka-format.log", "w") as log:
            subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", "rezone-fleet-cluster01", "-c", name, "--add-scram",
                            "SCRAM-SHA-256=[name=app,password=secret]"], stdout=log, stderr=log, check=True)
        self.p.start("kafka", [*java, "kafka.Kafka", name], ns="sw", out=f"{self.out}/kafka.log", err=f"{self.out}/kafka.log")
        if not until(180, lambda: "broker" in self.kcat("-L"), every=0.5):
            raise RuntimeError(f"Apache Kafka did not start, see {self.out}/kafka.log")

    def kcat(self, *args, seconds=60):
        argv = ["ip", "netns", "exec", f"{ENV['P']}-sw", "timeout", str(seconds), "kcat", "-b", f"{BROKER}:{ADMIN_PORT}", *args]
        return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace").stdout

    def topic_of(self, s):
        return s.topic or s.key

    def topics(self):
        """those that are written to, the feeds, and what streams write"""
        wanted = {S.FEED: 4, S.WIDE: 120}
        for s in self.setups:
            wanted[self.topic_of(s)] = wanted.get(self.topic_of(s), 120 if "--partitions" in s.flags else 4)
            if s.role == "streams":
                wanted[s.key + ".out"] = 4
        self.python("from confluent_kafka.admin import AdminClient, NewTopic; a = AdminClient({'bootstrap.servers': sys.argv[1]}); "
                    "[f.result() for f in a.create_topics([NewTopic(t, n, 1) for t, n in json.loads(sys.argv[2]).items()]).values()]", json.dumps(wanted))

    def python(self, code, *args, start=None):
        argv = [counterpart("client-python") + "/bin/python3", "-c", "import json, sys, time; " + code, f"{BROKER}:{ADMIN_PORT}", *args]
        if start:
            self.p.start(start, argv, ns="sw", err=f"{self.out}/{start}.log")
        else:
            subprocess.run(["ip", "netns", "exec", f"{ENV['P']}-sw", *argv], check=True)

    def feeder_start(self):
        """what readers read: 5 records a second, and 20 on the topic with many partitions"""
        self.python("from confluent_kafka import Producer; p = Producer({'bootstrap.servers': sys.argv[1], 'linger.ms': 0})\ni = 0\n"
                    "while True:\n i += 1\n p.produce(sys.argv[3], f'feed-{i}', partition=i % 120)\n"
                    " if i % 4 == 0: p.produce(sys.argv[2], f'feed-{i}', partition=i // 4 % 4)\n p.poll(0)\n time.sleep(0.05)", S.FEED, S.WIDE, start="feeder")

    def agents_start(self, zones):
        front = counterpart("front") + "/front"
        for zone, n in S.agents(zones):
            nr, ip = S.agent_id(zone, n), S.agent_ip(zone, n)
            if n > 1:
                subprocess.run(["ip", "-n", f"{ENV['P']}-{zone}", "addr", "add", f"{ip}/16", "dev", "eth0"], stderr=subprocess.DEVNULL)
            os.makedirs(f"{ENV['CGROUP']}/{zone}/agents", exist_ok=True)
            log = f"{self.out}/front-{nr}.log"
            self.p.start(f"front-{nr}", [front, "--id", str(nr), "--zone", zone, "--listen", f"{ip}:9092", "--advertise", f"{ip}:9092", "--upstream",
                                         f"{BROKER}:{CLIENT_PORT}", "--discovery", f"{ENV['WORK']}/discovery", "--delay-produce", self.o.delay, "--log", log,
                                         "--log-data"], ns=zone, cgroup=f"{ENV['CGROUP']}/{zone}/agents", out=f"{self.out}/front.err", err=f"{self.out}/front.err")
            if not until(20, lambda: os.path.exists(f"{ENV['WORK']}/discovery/agents/{nr}")):
                raise RuntimeError(f"agent {nr} did not start, see {self.out}/front.err")
            open(log, "a").close()
            self.logs[nr] = open(log, errors="replace")

    def topology(self, home_ready):
        for node in S.OTHERS:
            text = [f"zone: {node}", "agents:"]
            for zone, n in S.agents((*S.OTHERS, S.HOME)):
                ready = "true" if home_ready or zone != S.HOME else "false"
                text.append(f"  - {{ address: {S.agent_ip(zone, n)}, zone: {zone}, ready: {ready}, name: agent-{S.agent_id(zone, n)} }}")
            name = f"{ENV['WORK']}/topology-{node}.yaml"
            with open(name + ".tmp", "w") as f:
                f.write("\n".join(text) + "\n")
            os.rename(name + ".tmp", name)

    # ---- rezone: one for each node, as it is deployed ----

    def rezone(self, node, *args):
        return subprocess.run([ENV["REZONE"], args[0], "--pin-dir", f"{ENV['PIN_DIR']}/{node}", "-o", "json", *args[1:]], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout

    def rezone_start(self):
        """in the network namespace of the switch, from which the agents can be asked, as pods from a node's own"""
        mode = ["--mode", "observe"] if self.o.mode == "observe" else []
        os.makedirs(ENV["PIN_DIR"], exist_ok=True)
        for node in S.OTHERS:
            log, pins = f"{self.out}/rezone-{node}.log", f"{ENV['PIN_DIR']}/{node}"
            self.p.start(f"rezone-{node}", ["nsenter", f"--net=/run/netns/{ENV['P']}-sw", ENV["REZONE"], "run", "--pin-dir", pins,
                                            "--cgroup", f"{ENV['CGROUP']}/{node}", "--topology", f"{ENV['WORK']}/topology-{node}.yaml",
                                            "--ask-agents", "on", *TOLD, *mode], out=log, err=log)
            if not until(60, lambda: '"start"' in self.rezone(node, "events", "-e", "start")):
                raise RuntimeError(f"rezone did not start, see {log}")
            self.p.start(f"events-{node}", [ENV["REZONE"], "events", "--pin-dir", pins, "-f", "-o", "json"], out=f"{self.out}/events-{node}.json", err=log)

    def away(self):
        """(set-up, number) -> rezone's reason, of those with a data connection in the wrong zone"""
        found = {}
        for node in S.OTHERS:
            for r in json.loads(self.rezone(node, "list") or "[]"):
                who = S.client_of(r["client_id"])
                if who and r["kind"] in ("data", "shared", "acks0", "transactional"):
                    found.setdefault(who, []).append((r["idle_s"] or 0, r["reason"]))
        return {who: min(rows)[1] for who, rows in found.items()}

    # ---- clients ----

    def clients_start(self):
        bootstrap = ",".join(f"{S.agent_ip(z, 1)}:9092" for z in S.OTHERS)
        for s in self.setups:
            argv = [f"{ROOT}/tests/peers/clients/run", s.lib, s.role, "--bootstrap", bootstrap, "--client-id", S.client_id(s), "--topic", self.topic_of(s),
                    "--instances", str(s.clients), "--settings", "default", *s.flags]
            argv += ["--set", s.set] if s.set else []
            argv += ["--group", s.key] if s.role in ("group", "streams", "share") else []
            argv += ["--to", s.key + ".out"] if s.role == "streams" else []
            argv += ["--from", "last"] if s.role != "write" else []
            self.p.start(s.key, argv, ns="cl", out=f"{self.out}/clients/{s.key}.log", err=f"{self.out}/clients/{s.key}.err")
            until(3, lambda: os.getloadavg()[0] < 10, every=0.5)

    def read_logs(self):
        for nr, f in self.logs.items():
            for line in lines(f):
                if line["event"] == "data":
                    who = S.client_of(line.get("client_id"))
                    if who:
                        t = seconds(line["t"])
                        of = self.last.setdefault(who, {})  # an application may have several clients
                        of[line["client_id"]] = max(of.get(line["client_id"], (0, 0)), (t, nr))

    def members(self):
        return [(s.key, i + 1) for s in self.setups for i in range(s.clients)]

    def waited_for(self):
        """who has not asked for data yet; a set-up whose library is not built, or that ended at once, is not waited for"""
        self.read_logs()
        for s in list(self.setups):
            if self.p.alive(s.key):
                continue
            with open(f"{self.out}/clients/{s.key}.err", errors="replace") as f:
                err = f.read().strip().splitlines()
            skip = [line for line in err if line.startswith("SKIP")]
            self.skipped[s.key] = skip[-1][5:] if skip else "ended: " + (err[-1] if err else "without a word")[:200]
            self.p.ended(s.key, 1)
            self.setups.remove(s)
        return [who for who in self.members() if who not in self.last]

    def home(self):
        return [who for who in self.members() if who in self.last and all(S.is_home(nr) for _, nr in self.last[who].values())]

    def watch(self, up):
        """until the window is over, or all have been home for a while"""
        window = max((s.window for s in self.setups), default=0)
        all_since = None
        while time.time() < up + window:
            self.read_logs()
            for s in self.setups:
                if not self.p.alive(s.key) and s.key not in [k for k, _ in self.ended]:
                    self.ended.append((s.key, time.time()))
            at_home = len(self.home()) == len(self.members())
            all_since = (all_since or time.time()) if at_home else None
            if all_since and time.time() > max(all_since + (SHORT_S if self.o.short else AFTER_S), up + (SHORT_S if self.o.short else LEAST_S)):
                break
            time.sleep(1)

    # ---- the run ----

    def run(self):
        self.broker_start()
        self.topics()
        self.feeder_start()
        self.topology(home_ready=False)
        self.agents_start(S.OTHERS)
        if self.o.mode != "last":
            self.rezone_start()
        self.clients_start()
        until(START_S, lambda: not self.waited_for(), every=1)
        late = self.waited_for()
        if late:
            self.notes.append("not at work: " + " ".join(f"{k}.{n}" for k, n in late))
        time.sleep(SHORT_S if self.o.short else SETTLE_S)
        if self.o.mode == "last":
            self.rezone_start()
            time.sleep(3)
        up = time.time()
        self.agents_start((S.HOME,))
        self.topology(home_ready=True)
        self.watch(up)
        end, away = time.time(), self.away()
        load = round(os.getloadavg()[0], 1)
        self.p.stop(*[s.key for s in self.setups], seconds=8)
        time.sleep(1)
        self.p.stop(*[f"events-{n}" for n in S.OTHERS], *[f"rezone-{n}" for n in S.OTHERS])
        self.dump()
        with open(f"{self.out}/run.json", "w") as f:
            json.dump(dict(mode=self.o.mode, setups=[s.key for s in self.setups], up=up, end=end, load=load, skipped=self.skipped, late=late,
                           ended=self.ended, away=[[*who, reason] for who, reason in away.items()], notes=self.notes), f, indent=1)
        say(f"{self.o.mode}: {len(self.home())} of {len(self.members())} home, {end - up:.0f} s, load {load}" + "".join("; " + n for n in self.notes))

    def dump(self):
        """ids alone: records may be large"""
        for s in self.setups:
            if s.role == "write":
                argv = ["ip", "netns", "exec", f"{ENV['P']}-sw", "timeout", "120", "kcat", "-C", "-b", f"{BROKER}:{ADMIN_PORT}", "-X", "fetch.wait.max.ms=5",
                        "-X", "fetch.message.max.bytes=4000000", "-t", self.topic_of(s), "-o", "beginning", "-e", "-f", "%s\n"]
                with open(f"{self.out}/dump/{s.key}", "w") as f:
                    kcat = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                    subprocess.run(["awk", "{ print $1 }"], stdin=kcat.stdout, stdout=f)
                    kcat.wait()

    def tidy(self):
        self.p.stop_all()
        for node in S.OTHERS:
            subprocess.run(["rm", "-rf", f"{ENV['PIN_DIR']}/{node}"])
        for name in glob.glob(f"{ENV['CGROUP']}/*/"):
            until(3, lambda: rmdir(name))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out")
    a.add_argument("--mode", choices=["first", "last", "observe"], required=True)
    a.add_argument("--delay", default="50ms", help="how late agents answer a Produce")
    a.add_argument("--short", action="store_true", help="for the smoke check")
    a.add_argument("setups", nargs="+", choices=S.BY_KEY)
    arena = Arena(a.parse_args())
    try:
        arena.run()
    finally:
        arena.tidy()


if __name__ == "__main__":
    main()
