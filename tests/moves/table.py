#!/usr/bin/env python3
"""Writes the tables of docs/evidence/volume.md from the rows of count.py.

    table.py DOC ROWS.json...   replaces what stands between <!-- rows --> and <!-- end --> of DOC

In:  rows, see count.py; rows of one server, library and role from several files are added up.
Out: DOC, changed in place.
Who: make moves.
"""

import collections
import json
import sys

SERVERS = [
    ("slow", "The stand-in, Produce answered after 250 ms"),
    ("fast", "The stand-in, Produce answered after 2 ms"),
    ("kafka", "Apache Kafka 4.4"),
    ("nisshi", "nisshi 0.8 behind the zone view"),
]
NAMES = {
    "confluent-2.0": "librdkafka 2.0.2",
    "confluent": "librdkafka 2.16",
    "kafka-python": "kafka-python 3.0",
    "aiokafka": "aiokafka 0.14",
    "kafka-go": "kafka-go 0.4.51",
    "franz-go": "franz-go 1.22",
    "sarama": "sarama 1.61",
    "kafkajs": "kafkajs 2.2",
    "java": "Java 4.4",
}
HEAD = """| library | role | moves: gap, hold | let go | acknowledged | lost | doubled, held : plain | generations, held : coordinator too | errors | stall ms: median, 90 %, max |
|---|---|---|---|---|---|---|---|---|---|"""


def number(n):
    return f"{n:,}"


def percentile(values, p):
    return values[min(len(values) - 1, int(len(values) * p))]


def stall(values):
    if not values:
        return "–"
    v = sorted(values)
    return f"{number(percentile(v, 0.5))}, {number(percentile(v, 0.9))}, {number(v[-1])}"


def add(rows):
    """one row of several: numbers are added, lists joined"""
    out = dict(rows[0])
    for r in rows[1:]:
        for k, v in r.items():
            if isinstance(v, (int, list)) and not isinstance(v, bool):
                out[k] = out.get(k, type(v)()) + v
    return out


def line(held, plain):
    writes, group = "acked" in held, "generations" in held
    doubled = generations = "–"
    moves = f"{held['gap']}, {held['hold']}" if held["gap"] + held["hold"] else "not moved"
    if writes:
        doubled = f"{number(held['doubled'])} : " + (f"{number(plain['doubled'])} of {number(plain['acked'])}, {plain['plain']} resets" if plain else "–")
    if group:
        generations = f"{held['generations']} : " + (f"{plain['generations']}, {plain['coordinators_reset']} resets" if plain else "–")
    return "| " + " | ".join([
        NAMES.get(held["lib"], held["lib"]), held["role"], moves, str(held["let_go"]),
        number(held["acked"]) if writes else "–", str(held["lost"]) if writes else "–", doubled, generations,
        str(held["failed"] + held["errors"]), stall(held["stalls_ms"])]) + " |"


def let_go_table(rows):
    out = ["| library | role | let go | acknowledged | lost | doubled | stall ms: median, 90 %, max |", "|---|---|---|---|---|---|---|"]
    for (lib, role), r in rows:
        if "acked" in r and r["let_go"]:
            out.append(f"| {NAMES.get(lib, lib)} | {role} | {r['let_go']} | {number(r['acked'])} | {r['lost']} | {r['doubled']} | "
                       f"{stall(r['let_go_ms'])} |")
    return out


def tables(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[r["server"], r["phase"], r["lib"], r["role"]].append(r)
    by = {k: add(v) for k, v in by.items()}
    libs = list(NAMES) + sorted({k[2] for k in by} - set(NAMES))
    roles = ["producer, acks=all", "producer, acks=1", "group", "reader"]
    out = []
    for server, title in SERVERS:
        mine = [by[server, "held", lib, role] for lib in libs for role in roles if (server, "held", lib, role) in by]
        if not mine:
            continue
        total = add(mine)
        out += ["", f"### {title}", "", HEAD]
        out += [line(r, by.get((server, "plain", r["lib"], r["role"]))) for r in mine]
        out += ["", f"{number(total['gap'] + total['hold'])} moves, {number(sum(r.get('acked', 0) for r in mine))} acknowledged writes: "
                f"{sum(r.get('lost', 0) for r in mine)} lost, {sum(r.get('doubled', 0) for r in mine)} doubled, "
                f"{sum(r.get('generations', 0) for r in mine)} generations."]
    stuck = [((lib, role), by["stuck", "held", lib, role]) for lib in libs for role in roles if ("stuck", "held", lib, role) in by]
    if stuck:
        out += ["", "### Let go: the stand-in, Produce answered after 3 s, `--hold-timeout 1s`", ""] + let_go_table(stuck)
    return out


def main():
    doc, files = sys.argv[1], sys.argv[2:]
    rows = [json.loads(line) for f in files for line in open(f)]
    with open(doc) as f:
        text = f.read()
    begin, rest = text.split("<!-- rows -->", 1)
    end = rest.split("<!-- end -->", 1)[1]
    with open(doc, "w") as f:
        f.write(begin + "<!-- rows -->" + "\n".join(tables(rows)) + "\n\n<!-- end -->" + end)


if __name__ == "__main__":
    main()
