#!/usr/bin/env python3
"""The table of close-matrix.sh, for docs/evidence/close-matrix.md.

In:  JSON lines on stdin, a client of a round each. Out: Markdown on stdout. Who: close-matrix.sh, or a person.
"""

import collections
import json
import sys

WAYS = {"rst": "reset", "fin": "FIN"}
KINDS = ["write", "take", "read", "group", "coord"]
LIBS = {
    "confluent-2.0": "librdkafka 2.0.2", "confluent": "librdkafka 2.16", "kafka-python": "kafka-python 3.0",
    "kafka-python-debian": "kafka-python 2.0.2", "aiokafka": "aiokafka 0.14", "kafka-go": "kafka-go 0.4.51",
    "franz-go": "franz-go 1.22.2", "sarama": "sarama 1.61.1", "kafkajs": "kafkajs 2.2.4", "java": "Java 4.4.0",
}  # fmt: skip
NAMES = {"write": "producer, in a gap", "take": "producer, a request kept away", "read": "reader", "group": "group, data", "coord": "group, coordinator"}


def span(values):
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def came(rows):
    """how soon and by how many closes it was home"""
    home = [r for r in rows if r["home_s"] is not None]
    if not home:
        return f"stays, {span([r['rounds'] for r in rows])}"
    text = f"{span([round(r['home_s']) for r in home])} s, {span([r['rounds'] for r in home])}"
    return text if len(home) == len(rows) else f"{text} ({len(home)} of {len(rows)})"


def harm(rows):
    """what else was seen, in how many of the runs"""
    seen = []
    for key, what in (("errors", "error"), ("joins", "rejoins"), ("doubled", "doubled"), ("lost", "lost")):
        hit = sum(1 for r in rows if r[key])
        if hit:
            seen.append(f"{what} {hit}/{len(rows)}")
    if any(r["ended"] is not None for r in rows):
        seen.append("ends")
    return "; " + ", ".join(seen) if seen else ""


def cell(rows, kind):
    if not rows:
        return "–"
    if kind == "coord":
        rows = [r for r in rows if r["closes"]]
        return f"{harm(rows)[2:] or 'nothing'}" if rows else "has none of its own"
    return came(rows) + harm(rows)


def matrix(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[r["lib"], r["kind"], r["way"], r["listed"]].append(r)
    print("| library | connection | reset, alone | FIN, alone | reset, two more | FIN, two more |\n" + "|---" * 6 + "|")
    for lib in dict.fromkeys(r["lib"] for r in rows):
        for kind in KINDS:
            cells = [cell(by[lib, kind, way, listed], kind) for listed in (1, 3) for way in ("rst", "fin")]
            print(f"| {LIBS.get(lib, lib)} | {NAMES[kind]} | " + " | ".join(cells) + " |")


def load(rows):
    print("\n| library | close | closes | acknowledged | doubled | lost | errors |\n" + "|---" * 7 + "|")
    by = collections.defaultdict(list)
    for r in rows:
        by[r["lib"], r["way"]].append(r)
    for (lib, way), some in sorted(by.items()):
        sums = [sum(r[k] for r in some) for k in ("closes", "acked", "doubled", "lost", "errors")]
        print(f"| {LIBS.get(lib, lib)} | {WAYS[way]} | " + " | ".join(str(n) for n in sums) + " |")


def alone(rows):
    """who came home though nothing was closed"""
    home = sorted({f"{LIBS[r['lib']]} {NAMES[r['kind']].split(',')[0]}" for r in rows if r["home_s"] is not None})
    if rows:
        print(f"\nWithout any close: {', '.join(home) or 'nobody'} came home, the others stayed.")


everything = [json.loads(line) for line in sys.stdin]
matrix([r for r in everything if r["kind"] != "load" and r["way"] != "none"])
alone([r for r in everything if r["way"] == "none"])
load([r for r in everything if r["kind"] == "load"])
