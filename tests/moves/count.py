#!/usr/bin/env python3
"""Counts what moves did to real clients: what was lost, doubled, rebalanced, and how long they stood still.

    count.py DIR SERVER     rows of one server's run as JSON lines; DIR is as moves-volume.sh left it

In:  DIR/phases            "NAME BEGIN_MS END_MS REST_MS" a line: moves from BEGIN to END, quiet until REST
     DIR/LIB.ROLE.log      the application's lines (tests/peers/clients); roles: all, one (acks), group1, group2, reader
     DIR/events-PHASE.json what rezone did
     DIR/dump-PHASE/LIB    "PARTITION OFFSET ID" of every record of the library's topic, read from the server at the phase's end
     DIR/gens-PHASE-{begin,end}  "LIB GENERATION": the server's own word, where it has one
     DIR/coordinators-PHASE "CLIENT_ID" a line for each coordinator connection that the test reset
     DIR/wire.pcap         the clients' packets
Out: one row for each phase, library and role, see row().
Who: moves-volume.sh; judge.py and table.py read the rows.

Records are counted by their unique id in the server's log, never by a client's counter.
"""

import collections
import glob
import json
import os
import re
import sys
from datetime import datetime, timezone

import wire

ROLES = {"all": "producer, acks=all", "one": "producer, acks=1", "group": "group", "reader": "reader"}
STALL_LIMIT = 30  # seconds; a client that is not back by then is counted as such


def seconds(text):
    """RFC 3339, UTC, any number of digits behind the point"""
    whole, _, frac = text.rstrip("Z").replace("+00:00", "").partition(".")
    t = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    return t + float("0." + (frac or "0"))


def json_lines(name):
    if not os.path.exists(name):
        return
    with open(name, errors="replace") as f:
        for line in f:
            if line.startswith("{"):
                try:
                    yield json.loads(line)
                except ValueError:
                    pass  # the last line of one that was ended


def who(client_id):
    """library and role of a client.id; (None, None) of others"""
    m = re.match(r"(.+)\.(all|one|group|reader)\d?,", client_id or "")
    return m.groups() if m else (None, None)


class App:
    """What one application said."""

    def __init__(self, name):
        self.acked, self.errors, self.read = {}, [], set()
        for e in json_lines(name):
            t = seconds(e["t"]) if e.get("t") else 0
            if e["event"] == "wrote":
                self.acked[e["id"]] = t
            elif e["event"] == "error":
                self.errors.append((t, e.get("id"), str(e.get("error"))))
            elif e["event"] == "read":
                self.read.add(e["id"])


def dump(name):
    """How often each record id stands in a topic."""
    count = collections.Counter()
    if os.path.exists(name):
        with open(name, errors="replace") as f:
            count.update(line.split(None, 2)[2].strip() for line in f)
    return count


def stalls(w, begin, end, held_phase, moved):
    """Seconds from the first held segment (or the reset) to the first answer to a Produce or Fetch that was sent after the
    reset, by client.id; None for one that was not back. moved: (client, time) of the moves that happened."""
    by_id, out = collections.defaultdict(list), collections.defaultdict(list)
    for a in w.answers:
        if a.api in (wire.PRODUCE, wire.FETCH):
            by_id[a.client_id].append(a)
    for r in w.resets:
        how = moved.get(r.client)  # taken once: it may be closed by more than one packet
        if not begin <= r.t <= end or how is None or abs(how[0] - r.t) > 2:
            continue
        del moved[r.client]
        since = r.held_since if held_phase and how[1] and r.held_since else r.t
        back = [a.t for a in by_id[r.client_id] if a.sent >= r.t]
        first = min(back, default=None)
        out[r.client_id].append(first - since if first and first - since < STALL_LIMIT else None)
    return out


def generations(w, folder, phase, begin, rest):
    """How many generations each library's group had in that time: by the wire, and by the server if it says so."""
    seen, last, out = collections.defaultdict(set), collections.defaultdict(int), {}
    for j in w.joined:
        lib, _ = who(j.client_id)
        if j.error == 0 and j.t < begin:
            last[lib] = max(last[lib], j.generation)
        elif j.error == 0 and j.t <= rest:
            seen[lib].add(j.generation)
    for lib in seen:
        out[lib] = len([g for g in seen[lib] if g > last[lib]])
    said = [dict(line.split() for line in open(f"{folder}/gens-{phase}-{at}")) for at in ("begin", "end")]
    for lib in said[1]:
        out[lib] = max(out.get(lib, 0), int(said[1][lib]) - int(said[0].get(lib, 0)))
    return out


def moves_of(folder, phase):
    """Events by library and role; and when which client's connection was closed, after a hold or not."""
    kinds, moved = collections.defaultdict(collections.Counter), {}
    for e in json_lines(f"{folder}/events-{phase}.json"):
        lib, role = who(e.get("client_id"))
        if not lib:
            continue
        kind = e["event"]
        if kind == "move":
            kind = "hold" if e["held_ms"] else "gap" if "gap" in e["text"] else "plain"
            moved[e["client"]] = seconds(e["time"]), bool(e["held_segments"])
        elif kind == "hold":
            kind = "held"
        kinds[lib, role][kind] += 1
        if kind == "refused":
            kinds[lib, role]["refused: " + str(e["error"])] += 1
    return kinds, moved


def let_go_stalls(w, folder, phase, begin, rest):
    """Of holds that were let go: from the first held segment until the agent's TCP had taken it, by client.id."""
    out, gone = collections.defaultdict(list), []
    for e in json_lines(f"{folder}/events-{phase}.json"):
        if e["event"] == "let-go" and e["held_segments"]:
            gone.append((e["client"], e["client_id"], seconds(e["time"]), e["held_ms"] / 1000))
    for client, client_id, t, held in gone:
        mine = [r for r in w.repeats if r.client == client and t - held - 0.1 <= r.first <= t and r.passed >= t - 0.1]
        if mine:
            out[client_id].append(max(r.passed for r in mine) - min(r.first for r in mine))
    return out


def count_writes(app, log, earlier, since, until):
    """Of one producer: how many writes were acknowledged in that time, how many of those are not in the log, how many records
    stand there more than once; those that were there before the phase are the phase's before."""
    mine = {i for i, t in app.acked.items() if since <= t <= until}
    begin = next(iter(app.acked), "").rsplit("-", 1)[0] + "-"
    again = [i for i, n in log.items() if n > 1 and i.startswith(begin) and i not in earlier]
    return dict(acked=len(mine), lost=len([i for i in mine if i not in log]), doubled=len(again))


def phase_rows(folder, server, w, phases, at):
    name, begin, end, rest = phases[at]
    kinds, moved = moves_of(folder, name)
    gens = generations(w, folder, name, begin, rest)
    still = stalls(w, begin, rest, True, moved)
    freed = let_go_stalls(w, folder, name, begin, rest)
    coordinators = collections.Counter()
    if os.path.exists(f"{folder}/coordinators-{name}"):
        coordinators.update(who(line.strip())[0] for line in open(f"{folder}/coordinators-{name}"))
    logs = collections.defaultdict(list)
    for file in sorted(glob.glob(f"{folder}/*.log")):
        if m := re.match(r"(.+)\.(all|one|group|reader)\d?$", os.path.basename(file)[:-4]):
            logs[m[1], m[2]].append(file)
    for (lib, role), names in sorted(logs.items()):
        log = dump(f"{folder}/dump-{name}/{lib}")
        earlier = dump(f"{folder}/dump-{phases[at - 1][0]}/{lib}") if at else {}
        apps = [App(n) for n in names]
        k = kinds[lib, role]
        row = dict(server=server, phase=name, lib=lib, role=ROLES[role], gap=k["gap"], hold=k["hold"], plain=k["plain"],
                   let_go=k["let-go"], refused=k["refused"])
        row["refused_why"] = {x[9:]: n for x, n in k.items() if x.startswith("refused: ")}
        if role in ("all", "one"):
            since = phases[at - 1][3] if at else 0
            row.update(count_writes(apps[0], log, earlier, since, end))
        if role == "group":
            row["generations"], row["coordinators_reset"] = gens.get(lib, 0), coordinators[lib]
            read = set().union(*(a.read for a in apps))
            row["unread"] = len([i for i in log if i not in read])
        errors = [e for a in apps for e in a.errors if begin <= e[0] <= rest]
        row["failed"] = len([e for e in errors if e[1]])
        row["errors"] = len([e for e in errors if not e[1]])
        row["error_texts"] = collections.Counter(re.sub(r"\d+", "N", e[2])[:160] for e in errors).most_common(3)
        mine = [s for i, v in still.items() if who(i) == (lib, role) for s in v]
        row["stalls_ms"] = sorted(round(s * 1000) for s in mine if s is not None)
        row["not_back"] = mine.count(None)
        row["let_go_ms"] = sorted(round(s * 1000) for i, v in freed.items() if who(i) == (lib, role) for s in v)
        yield row


def main():
    folder, server = sys.argv[1:]
    with open(f"{folder}/phases") as f:
        phases = [(p[0], *(int(x) / 1000 for x in p[1:])) for p in map(str.split, f)]
    w = wire.read(f"{folder}/wire.pcap")
    for at in range(len(phases)):
        for row in phase_rows(folder, server, w, phases, at):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
