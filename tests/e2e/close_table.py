#!/usr/bin/env python3
"""The table of close-matrix.sh, for docs/clients.md.

In:  JSON lines on stdin, a client of a round each. Out: Markdown on stdout. Who: close-matrix.sh, or a person.
"""

import collections
import json
import sys

KINDS = ["write", "take", "read", "group", "coord"]
NAMES = {"write": "producer, in a gap", "take": "producer, a request kept away", "read": "reader", "group": "group, data", "coord": "group, coordinator"}


def span(values):
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def came(rows, of):
    """how soon and by how many closes it was home"""
    home = [r for r in rows if r["home_s"] is not None]
    if not home:
        return "stays" if of == "none" else f"stays, {span([r['rounds'] for r in rows])} closes"
    text = f"{span([round(r['home_s']) for r in home])} s"
    if of != "none":
        text += f", {span([r['rounds'] for r in home])}"
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


def cell(rows, of, kind):
    if not rows:
        return "–"
    if kind == "coord":
        rows = [r for r in rows if r["closes"]]
        return f"{len(rows)} runs{harm(rows)}" if rows else "has none of its own"
    return came(rows, of) + harm(rows)


def matrix(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[r["lib"], r["kind"], r["way"], r["listed"]].append(r)
    print("| library | connection | no close | reset, alone | FIN, alone | reset, two more | FIN, two more |\n" + "|---" * 7 + "|")
    for lib in dict.fromkeys(r["lib"] for r in rows):
        for kind in KINDS:
            cells = [cell(by[lib, kind, "none", 1] + by[lib, kind, "none", 3], "none", kind)]
            cells += [cell(by[lib, kind, way, listed], way, kind) for listed in (1, 3) for way in ("rst", "fin")]
            print(f"| {lib} | {NAMES[kind]} | " + " | ".join(cells) + " |")


def load(rows):
    print("\n| library | close | closes | acknowledged | doubled | lost | errors |\n" + "|---" * 7 + "|")
    by = collections.defaultdict(list)
    for r in rows:
        by[r["lib"], r["way"]].append(r)
    for (lib, way), some in sorted(by.items()):
        sums = [sum(r[k] for r in some) for k in ("closes", "acked", "doubled", "lost", "errors")]
        print(f"| {lib} | {way} | " + " | ".join(str(n) for n in sums) + " |")


everything = [json.loads(line) for line in sys.stdin]
matrix([r for r in everything if r["kind"] != "load"])
load([r for r in everything if r["kind"] == "load"])
