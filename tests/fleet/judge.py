"""What became of each set-up in one run, from logs alone.

In:  a folder that arena.py left. Out: read(OUT) -> {key: row}; a row has the fields of ROW.
Who: fleet.py. The arithmetic is rows(), pure, tested by test_fleet.py.

home: clients whose latest request for data was at home; of an application that has several client.ids (Streams) that of each of them. moved: those of them that rezone had closed; by_itself: those that it had
not. seconds: from home's coming to the first request there with none elsewhere after it, the slowest of the clients that are home.
doubled: record ids that stand twice. lost: acknowledged, and not there. Neither counts of a record that was acknowledged more than
EARLY_S before home came, for no connection is moved before that: of those the note says how many there are. generations: of a group, while home was up (of a protocol
without them, and of Streams: how often members were assigned partitions). errors: what applications were told, while home was up.
"""

import json
import os
import sys
from collections import Counter, defaultdict, namedtuple

import setups as S

sys.path.insert(0, os.path.realpath(os.path.join(os.path.dirname(__file__), "../proof")))
from traces import lines, seconds  # noqa: E402

ROW = ("clients", "home", "moved", "by_itself", "moves", "seconds", "doubled", "lost", "generations", "errors", "away", "load", "note")
# data: (t, who, agent, client.id); moves: (t, who); acked: {key: {id: t}}; dump: {key: [id]}; joined: (t, key, generation); assigned, errors: (t, key, ...)
Run = namedtuple("Run", "up end data moves acked dump joined assigned errors away late skipped load setups")
IGNORED_S = 1.0  # an error so soon after home came may be of what was before
EARLY_S = 5.0
ENDED = "the application ended"


def home_of(requests, up):
    """seconds from `up` until a client was home for good; None: it is not. requests: sorted (t, agent)"""
    if not requests or not S.is_home(requests[-1][1]):
        return None
    away = max((t for t, agent in requests if not S.is_home(agent)), default=up)
    return round(max(0.0, min(t for t, agent in requests if S.is_home(agent) and t > away) - up), 1)


def all_home_of(clients, up):
    """the same of all clients of an application; one that has none is not home"""
    homes = [home_of(requests, up) for requests in clients]
    return max(homes) if homes and None not in homes else None


def generations(run, key):
    seen = {g for _, k, g in run.joined if k == key}
    if seen:
        before = {g for t, k, g in run.joined if k == key and t < run.up}
        return len({g for t, k, g in run.joined if k == key and run.up <= t < run.end} - before)
    return sum(k == key and run.up <= t < run.end for t, k in run.assigned)


def records(run, key):
    """(doubled, lost, how many of either are older than any move) of a writer; a reader has none"""
    acked, dump = run.acked.get(key, {}), Counter(run.dump.get(key, []))
    doubled = {i for i, n in dump.items() if n > 1}
    lost = {i for i in acked if i not in dump} if S.BY_KEY[key].role == "write" else set()
    early = {i for i in doubled | lost if acked.get(i, run.up) < run.up - EARLY_S}
    return len(doubled - early), len(lost - early), len(early)


def rows(run):
    of, moved = defaultdict(dict), Counter()
    for t, who, agent, client_id in sorted(run.data):
        if t < run.end:
            of[who].setdefault(client_id, []).append((t, agent))
    for t, who in run.moves:
        if run.up <= t < run.end:
            moved[who] += 1
    for key in run.setups:
        s = S.BY_KEY[key]
        members = [(key, i + 1) for i in range(s.clients)]
        home = {who: all_home_of(of[who].values(), run.up) for who in members}
        there = [who for who in members if home[who] is not None]
        doubled, lost, early = records(run, key)
        gone = "ended" if any(k == key and text == ENDED and t < run.end for t, k, text in run.errors) else "no connection"
        away = Counter(run.away.get(who, gone) for who in members if who not in there)
        errors = Counter(text for t, k, text in run.errors if k == key and run.up + IGNORED_S <= t < run.end)
        yield key, dict(
            clients=s.clients, home=len(there), moved=sum(moved[w] > 0 for w in there), by_itself=sum(not moved[w] for w in there),
            moves=sum(moved[w] for w in members), seconds=max((home[w] for w in there), default=""), doubled=doubled, lost=lost,
            generations=generations(run, key), errors=sum(errors.values()),
            away="; ".join(f"{r}={n}" for r, n in sorted(away.items())), load=run.load,
            note="; ".join(
                [f"{n} {what}" for n, what in ((sum(who in run.late for who in members), "not at work"), (early, "doubled or lost before home came")) if n] +
                [t[:90] for t, _ in errors.most_common(1)]))


def read(out):
    with open(f"{out}/run.json") as f:
        run = json.load(f)
    data, moves, joined, assigned, errors, acked, dump = [], [], [], [], [], {}, {}
    for name in sorted(os.listdir(out)):
        if name.startswith("front-") and name.endswith(".log"):
            with open(f"{out}/{name}", errors="replace") as f:
                for e in lines(f):
                    who = S.client_of(e.get("client_id"))
                    if who and e["event"] == "data":
                        data.append((seconds(e["t"]), who, e["agent"], e["client_id"]))
                    elif who and e["event"] == "group" and e.get("api") == 11 and not e.get("error") and e.get("generation", -1) > 0:
                        joined.append((seconds(e["t"]), who[0], e["generation"]))
        elif name.startswith("events-"):
            with open(f"{out}/{name}", errors="replace") as f:
                moves += [(seconds(e["time"]), S.client_of(e["client_id"])) for e in lines(f) if e["event"] == "move"]
    for key in run["setups"]:
        with open(f"{out}/clients/{key}.log", errors="replace") as f:
            for e in lines(f):
                if e["event"] == "wrote":
                    acked.setdefault(key, {})[e["id"]] = seconds(e["t"])
                elif e["event"] == "assigned":
                    assigned.append((seconds(e["t"]), key))
                elif e["event"] == "error":
                    errors.append((seconds(e["t"]), key, str(e["error"])))
        if os.path.exists(f"{out}/dump/{key}"):
            with open(f"{out}/dump/{key}", errors="replace") as f:
                dump[key] = f.read().split()
    errors += [(t, key, ENDED) for key, t in run["ended"]]
    away = {(key, n): reason for key, n, reason in run["away"]}
    late = {(key, n) for key, n in run["late"]}
    whole = Run(run["up"], run["end"], data, moves, acked, dump, joined, assigned, errors, away, late, run["skipped"], run["load"], run["setups"])
    return dict(rows(whole)), run["skipped"]
