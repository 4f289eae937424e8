"""Reads what arena.py left in a folder into a judge.Run.

In:  OUT/run.json, events-*.json, agent-*.trace, clients/*.log, dump/*. Out: read(OUT) -> judge.Run.
Who: proof.py, tests/e2e/59-proof.sh.
"""

import glob
import json
import os
import re

import judge as J
import setups as S
from traces import DATA, lines, seconds


def how(event):
    """gap, hold or plain, and how it was closed"""
    text = event["text"] or ""
    kind = "hold" if event["held_ms"] else "gap" if "gap" in text else "plain"
    return f"{kind}, {'FIN' if text.startswith('closed') else 'reset'}"


def read_events(out):
    moves, outcomes, let_go = [], {}, []
    for name in sorted(glob.glob(f"{out}/events-*.json")):
        daemon = os.path.basename(name)[7:-5]
        with open(name, errors="replace") as f:
            for e in lines(f):
                if e["event"] == "outcome":
                    outcomes[daemon, e["cookie"]] = e["outcome"]
                elif e["event"] in ("let-go", "refused") and S.client_of(e["client_id"]):
                    t = seconds(e["time"])
                    let_go.append(J.LetGo(t, t - (e["held_ms"] or 0) / 1000, S.client_of(e["client_id"]), bool(e["held_segments"])))
                elif e["event"] == "move":
                    who, t = S.client_of(e["client_id"]), seconds(e["time"])
                    if who:
                        moves.append(J.Move(t, t - (e["held_ms"] or 0) / 1000, daemon, e["cookie"], e["client"], agent_of(e["agent"]), who, how(e)))
    return moves, outcomes, let_go


def agent_of(address):
    zone, n = (int(x) for x in address.rpartition(":")[0].split(".")[2:])
    return zone + 10 * (n - 1)


def read_traces(out):
    requests, produced, generations = [], [], []
    for name in sorted(glob.glob(f"{out}/agent-*.trace")):
        with open(name, errors="replace") as f:
            for l in lines(f):
                event, who = l["event"], S.client_of(l.get("client_id"))
                if event == "request" and l.get("api") in DATA and who:
                    requests.append(J.Request(seconds(l["t"]), l["agent"], l["conn"], who))
                elif event == "produced" and who and not (l.get("error") or l.get("duplicate") or l.get("lied")):
                    produced.append(J.Produced(seconds(l["t"]), l["agent"], l["conn"], who, l["topic"], l.get("partition", 0),
                                               l.get("base_offset", 0), l.get("records", 1)))
                elif event == "group":
                    generations.append(J.Generation(seconds(l["t"]), l["group"], l["generation"]))
    return requests, produced, generations


def read_clients(out, setups):
    acked, errors = [], []
    for s in setups:
        name = f"{out}/clients/{s.name}.log"
        if not os.path.exists(name):
            continue
        with open(name, errors="replace") as f:
            for e in lines(f):
                who = (s.name, e.get("client") or 1)
                if e["event"] == "wrote":
                    acked.append(J.Acked(seconds(e["t"]), who, e["id"]))
                elif e["event"] == "error":
                    errors.append(J.Error(seconds(e["t"]), who, str(e.get("error"))[:300]))
    return acked, errors


def read_dump(out):
    for name in sorted(glob.glob(f"{out}/dump/*")):
        with open(name, errors="replace") as f:
            for line in f:
                m = re.match(r"(\d+) (\d+) (.*)", line)
                if m:
                    yield J.Record(os.path.basename(name), int(m[1]), int(m[2]), m[3])


def read(out):
    with open(f"{out}/run.json") as f:
        run = json.load(f)
    setups = [S.Setup(**s) for s in run["setups"]]
    cycles = [J.Cycle(c["n"], c["order"], c["mode"], c["up"], c["end"]) for c in run["cycles"]]
    moves, outcomes, let_go = read_events(out)
    requests, produced, generations = read_traces(out)
    acked, errors = read_clients(out, setups)
    errors += [J.Error(d["t"], (d["setup"], 1), "the application ended") for d in run["died"]]
    kept = [J.Kept(n, tuple(who), reason) for n, who, reason in run["kept"]]
    return J.Run(run["topology"], setups, cycles, moves, outcomes, requests, produced, list(read_dump(out)), acked, errors, generations, kept,
                 let_go, [J.AtHome(n, tuple(who)) for n, who in run["at_home"]])
