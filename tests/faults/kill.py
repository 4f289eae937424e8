#!/usr/bin/env python3
"""Starts rezone again and again, and kills it at a random moment of what it does; clients are at work meanwhile.

kill.py KILLS MOMENTS PIN_DIR TRACE CONFIG REZONE EARLIER -- FLAGS...

MOMENTS are words with a comma between: start, tick, move (somebody waits, is held, or is being closed), follow (within a second after a
move), reload, stop, upgrade (EARLIER, of another map ABI or "", starts over it, and is killed), frozen (SIGSTOP in a hold for longer
than the hold may last, then SIGCONT, then the kill). After each kill the agent's TRACE must show a new write of each topic. CONFIG is
written anew for each reload. Prints a line of JSON for each kill, and keeps the events that each daemon left in
$WORK/events.json. Called by kill.sh.
"""
import collections
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import time

START_S, PROGRESS_S, MOMENT_S = 60, 30, 10
WORK = os.environ["WORK"]
DASHES = sys.argv.index("--")
KILLS, MOMENTS, PIN_DIR, TRACE, CONFIG, REZONE, EARLIER = sys.argv[1:DASHES]
FLAGS = sys.argv[DASHES + 1 :]


def entries(name):
    done = subprocess.run(["bpftool", "-j", "map", "dump", "pinned", f"{PIN_DIR}/{name}"], capture_output=True)
    try:
        return [row["formatted"]["value"] for row in json.loads(done.stdout or "[]")]
    except (ValueError, KeyError, TypeError):  # the map is not there yet
        return []


def until(seconds, what):
    end = time.monotonic() + seconds
    while not (got := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return got


class Daemon:
    def __init__(self, program=REZONE, more=()):
        with open(f"{WORK}/rezone.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, "run", *FLAGS, *more], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.program, self.began = program, time.monotonic()

    def ready(self):
        """Seconds that its start took, or None."""

        def runs():
            return self.process.poll() is not None or any(s["pid"] == self.process.pid for s in entries("status"))

        until(START_S, runs)
        return time.monotonic() - self.began if self.process.poll() is None and runs() else None

    def tell(self, sig):
        self.process.send_signal(sig)

    def kill(self):
        self.process.kill()
        killed = time.time()
        self.process.wait()
        return killed


class Trace:
    """The writes that the agent has done, as its log grows."""

    def __init__(self, path):
        self.file, self.rest, self.latest = open(path, encoding="utf-8"), "", {}

    def read(self):
        *lines, self.rest = (self.rest + self.file.read()).split("\n")
        for line in lines:
            e = json.loads(line)
            if e["event"] == "produced":
                text, _, rest = e["t"].rstrip("Z").partition(".")
                whole = datetime.datetime.fromisoformat(text + "+00:00").timestamp()
                self.latest[e["topic"]] = whole + float("0." + (rest or "0"))

    def went_on(self, since):
        """Milliseconds from then to the latest of the topics' next writes; None: some topic has none."""
        took = {}

        def all_did():
            self.read()
            for topic, t in self.latest.items():
                if t > since:
                    took.setdefault(topic, t - since)
            return len(took) == len(self.latest)

        return round(max(took.values()) * 1000) if until(PROGRESS_S, all_did) else None


def phases():
    now = time.monotonic_ns()
    return collections.Counter(
        m["phase"].replace("RZ_PHASE_", "").lower() for m in entries("moves") if m["decided_ns"] > now - 5 * 10**9
    )


def somebody(*wanted):
    return lambda: any(phases()[p] for p in wanted)


def moved():
    return sum(c["moved"] for c in entries("counters"))


def moment_tick(d, row):
    time.sleep(random.uniform(0, 0.6))


def moment_move(d, row):
    until(MOMENT_S, somebody("gap", "hold", "reset", "close"))
    time.sleep(random.uniform(0, 0.3))
    row["phases"] = phases()


def moment_follow(d, row):
    before = moved()
    row["followed"] = bool(until(MOMENT_S, lambda: moved() > before))
    time.sleep(random.uniform(0, 1))


def moment_reload(d, row):
    with open(CONFIG + ".new", "w", encoding="utf-8") as f:
        f.write(f"rate: {random.randint(50, 100)}\nexclude_clients: never-{random.randint(0, 9)}\n")
    os.rename(CONFIG + ".new", CONFIG)
    d.tell(signal.SIGHUP)
    time.sleep(random.uniform(0, 0.1))


def moment_stop(d, row):
    d.tell(signal.SIGTERM)
    time.sleep(random.uniform(0, 0.15))


def moment_frozen(d, row):
    row["held"] = bool(until(MOMENT_S, somebody("hold")))
    d.tell(signal.SIGSTOP)
    row["went_on_frozen_ms"] = trace.went_on(time.time())
    d.tell(signal.SIGCONT)
    time.sleep(random.uniform(0, 1))


def moment_upgrade(d, row):
    """What is killed is the other version: it starts after the one before was killed, or while that still ends."""
    row["of_the_one_before"] = random.choice(["KILL", "TERM"])
    if row["of_the_one_before"] == "KILL":
        d.kill()
    else:
        d.tell(signal.SIGTERM)
        if random.random() < 0.7:
            d.process.wait()
    other = Daemon(EARLIER or REZONE)
    time.sleep(random.uniform(0, 1.2 * start_s))
    row["killed_ms"] = round((time.monotonic() - other.began) * 1000)
    row["was_there"] = other.process.poll() is None
    killed = other.kill()
    d.process.wait()
    return killed


def keep_events(program):
    with open(f"{WORK}/events.json", "ab") as f:
        f.write(subprocess.run([program, "events", "--pin-dir", PIN_DIR, "-o", "json"], capture_output=True).stdout)


def one_kill(moment):
    row = {"moment": moment}
    d = Daemon(more=() if moment == "stop" else ("--keep-pins",))
    killed = None
    if moment == "start":
        time.sleep(random.uniform(0, 1.2 * start_s))
    else:
        row["started_s"] = d.ready()
        if row["started_s"] is None:
            return row
        killed = globals()["moment_" + moment](d, row)
    killed = killed or d.kill()
    row["went_on_ms"] = trace.went_on(killed)
    keep_events(REZONE)
    if moment == "upgrade" and EARLIER:
        keep_events(EARLIER)
    return row


trace = Trace(TRACE)
first = Daemon(more=("--keep-pins",))
start_s = first.ready()
if start_s is None:
    sys.exit("rezone does not start")
first.kill()
words = MOMENTS.split(",")
for i in range(int(KILLS)):
    print(json.dumps(one_kill(words[i % len(words)])), flush=True)
