"""The tables of docs/evidence/moves.md and docs/clients.md, made from docs/proof/cells.csv.

In:  cells.csv. Out: what stands between <!-- proof:NAME --> and <!-- end proof --> of each document.
Who: proof.py, at the end of `make moves` and as `proof.py tables`.
"""

import textwrap
import os
import re
from collections import Counter, defaultdict

import judge as J
import results as R
import setups as S

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BEFORE = "9ba3769"
GATED = "e19eb6e"  # the first with all gates; rezone after it believes less, and waits longer before a close
DOCS = ("docs/evidence/moves.md", "docs/clients.md")


def number(n):
    return f"{n:,}"


def total(cells, key):
    return sum(c[key] for c in cells)


def fault(cells, name):
    """how many, and behind a slash the baseline's; a dash where the role cannot have it"""
    role = cells[0]["role"]
    if (name in ("doubled", "lost") and role != "write") or (name == "generations" and role != "group"):
        return "–"
    n, base = total(cells, name), total(cells, "baseline_" + name)
    return f"{n} / {base}" if base else str(n)


def kept(cells):
    """why clients stayed away: reasons, most frequent first; and how often rezone waited for a moment to close, and found none"""
    all_ = Counter()
    for c in cells:
        all_ += R.unpack(c["kept"])
    n = total(cells, "chances")
    all_["home by itself"] += total(cells, "by_itself")
    said = [f"{k} {100 * v // n} %" for k, v in all_.most_common(3) if v * 50 > n]
    waits = total(cells, "let_go")
    return ", ".join(said + [f"{number(waits)} waits in vain"] * bool(waits))


def seconds(cells, moves, key):
    at = sorted(float(m["seconds"]) for m in moves if m["seconds"] != "")
    return R.at(at, key)


def outcomes(cells):
    return ", ".join(f"{o} {n}" for o in R.OUTCOMES if (n := total(cells, "outcome_" + o)))


def folded(cells, moves):
    """rows of one table: topologies and orders together"""
    by, of = defaultdict(list), defaultdict(list)
    for c in cells:
        by[c["library"], c["role"], c["settings"]].append(c)
    for m in moves:
        of[m["library"], m["role"], m["settings"]].append(m)
    order = list(S.LIBRARIES)
    for key in sorted(by, key=lambda k: (order.index(k[0]), ["write", "read", "group"].index(k[1]), k[2])):
        yield key, by[key], of[key]


HEAD = ("library", "role", "moves", "home", "median s", "90 % s", "doubled", "lost", "generations", "errors", "outcomes", "not moved, and why")


def line(key, cells, moves):
    lib = S.LIBRARIES[key[0]]
    role = key[1] if key[1] != "write" else f"write, {key[2]}"
    home = sum(m["seconds"] != "" for m in moves)
    return (f"{lib.family} {lib.version}", role, number(len(moves)), number(home), seconds(cells, moves, 0.5), seconds(cells, moves, 0.9),
            *(fault(cells, f) for f in J.FAULTS), outcomes(cells), kept(cells))


def markdown(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(str(x) for x in r) + " |" for r in rows])


def retries(row):
    return S.sends_again(row["library"], row["role"], row["settings"])


def summary(cells, moves):
    if not cells:
        return "Not run yet."
    sums = ", ".join(f"{sum(n for c in cells for n in [J.beyond_baseline(c).get(f, 0)])} {f}" for f in J.FAULTS)
    return (f"{number(len(moves))} moves in {len(cells)} cells, at a load of up to {max(float(c['load'] or 0) for c in cells):.0f}.\n"
            f"Beyond the baseline: {sums}.")


def faults(cells):
    """each cell with faults beyond its baseline"""
    rows = [(f"{S.LIBRARIES[c['library']].family} {c['version']}", f"{c['role']}, {c['settings']}", c["topology"], c["order"], c["moves"],
             ", ".join(f"{n} {f}" for f, n in J.beyond_baseline(c).items())) for c in cells if J.beyond_baseline(c)]
    return markdown(("library", "set-up", "other agents", "rezone began", "moves", "faults beyond the baseline"), rows) if rows else "None."


def main_table(cells, moves):
    return markdown(HEAD, [line(*row) for row in folded(cells, moves)]) if cells else "Not run yet."


def library_table(cells, moves):
    """one row a library: for each role moves, how many of them came home, and after how many seconds (median)"""
    def role(lib, name):
        mine = [m for m in moves if m["library"] == lib and m["role"] == name]
        of = [c for c in cells if c["library"] == lib and c["role"] == name]
        home = sum(m["seconds"] != "" for m in mine)
        if mine:
            return f"{number(home)} of {number(len(mine))}, {seconds(of, mine, 0.5)} s"
        return kept(of) or "not moved"

    def beyond(lib):
        found = Counter()
        for c in cells:
            if c["library"] == lib:
                found.update(J.beyond_baseline(c))
        said = ", ".join(f"{n} {f}" for f, n in found.items()) or "none"
        return said + " (its producer does not retry)" if found and not S.LIBRARIES[lib].retries else said

    libs = [l for l in S.LIBRARIES if any(c["library"] == l for c in cells)]
    rows = [(f"{S.LIBRARIES[l].family} {S.LIBRARIES[l].version}", role(l, "write"), role(l, "read"), role(l, "group"), beyond(l)) for l in libs]
    return markdown(("library", "writes: home of moves, median", "reads", "group", "faults beyond the baseline"), rows) if rows else "Not run yet."


def since_gated(cells, moves):
    """all series with the gates as they are, together; their cells added up"""
    names = list(dict.fromkeys(m["rezone"] for m in moves))
    names = names[names.index(GATED):] if GATED in names else []
    return names, [c for c in cells if c["rezone"] in names], [m for m in moves if m["rezone"] in names]


def volume_table(cells, moves):
    """one row a library and role: how many moves in all, in how many cells, and how often a client might have been moved"""
    names, cells, moves = since_gated(cells, moves)
    if not names:
        return "Not run yet."
    rows = []
    for lib in S.LIBRARIES:
        for role in ("write", "read", "group"):
            mine = [c for c in cells if (c["library"], c["role"]) == (lib, role)]
            by = defaultdict(list)
            for c in mine:
                by[cell_of(c)].append(c)
            if not mine:
                continue
            per = [total(v, "moves") for v in by.values()]
            sure = [c for c in mine if retries(c)]
            rows.append((f"{S.LIBRARIES[lib].family} {S.LIBRARIES[lib].version}", role, number(sum(per)), len(per), sum(n >= 20 for n in per),
                         number(total(mine, "chances")), *(fault(sure, f) if sure else "–" for f in J.FAULTS)))
    head = ("library", "role", "moves", "cells", "with 20 moves", "chances", *J.FAULTS)
    return textwrap.fill(f"{number(len(moves))} moves of rezone {', '.join(names)}.", 100) + "\n\n" + markdown(head, rows)


def control_table(rows):
    words = {"plain": "resets that wait for nothing, of coordinators too", "lie": "agents at home that acknowledge every third batch and do not write it"}
    last = {r["mode"]: r for r in rows}
    return markdown(("control", "rezone", "clients", "moves", *J.FAULTS), [(words[m], r["rezone"], r["clients"], r["moves"], *(r[f] for f in J.FAULTS))
                                                                            for m, r in last.items()]) if rows else "Not run yet."


def cell_of(row):
    return tuple(row[k] for k in R.CELL if k != "rezone")


def newest(cells, moves):
    """cells and moves after BEFORE: each cell by the latest rezone that ran it"""
    age = {name: i for i, name in enumerate(dict.fromkeys(m["rezone"] for m in moves))}
    best = {}
    for c in cells:
        if c["rezone"] != BEFORE and age.get(c["rezone"], -1) >= age.get(best.get(cell_of(c)), -1):
            best[cell_of(c)] = c["rezone"]
    return [[r for r in rows if best.get(cell_of(r)) == r["rezone"]] for rows in (cells, moves)]


def tables(cells, moves):
    new, of_new = newest(cells, moves)
    old, of_old = [[r for r in rows if r["rezone"] == BEFORE] for rows in (cells, moves)]
    out = {"libraries": library_table(new, of_new), "series": series(cells, moves, new), "volume": volume_table(cells, moves)}
    for name, mine, theirs in (("after", new, of_new), ("before", old, of_old)):
        sure, bare = [c for c in mine if retries(c)], [c for c in mine if not retries(c)]
        out[name] = summary(sure, [m for m in theirs if retries(m)]) + "\n\n" + main_table(sure, [m for m in theirs if retries(m)])
        out[name + "-no-retries"] = main_table(bare, [m for m in theirs if not retries(m)])
        out[name + "-faults"] = faults(sure)
    return out


def replace(text, made):
    def one(m):
        return f"<!-- proof:{m[1]} -->\n{made.get(m[1], 'There is no such table.')}\n<!-- end proof -->"

    return re.sub(r"<!-- proof:([\w-]+) -->.*?<!-- end proof -->", one, text, flags=re.S)


def series(cells, moves, shown):
    """one row for each rezone"""
    rows = []
    for name in dict.fromkeys(m["rezone"] for m in moves):
        mine = [c for c in cells if c["rezone"] == name and retries(c)]
        rows.append((name, len(mine), sum(c["rezone"] == name and retries(c) for c in shown), number(sum(m["rezone"] == name for m in moves)),
                     *(sum(J.beyond_baseline(c).get(f, 0) for c in mine) for f in J.FAULTS), sum(bool(J.beyond_baseline(c)) for c in mine)))
    return markdown(("rezone", "cells", "of these above", "moves", *J.FAULTS, "cells with faults"), rows)


def main():
    folder = os.environ.get("RESULTS", f"{ROOT}/docs/proof")
    cells, moves = R.read(f"{folder}/cells.csv"), R.read(f"{folder}/moves.csv")
    made = tables(cells, moves) | {"controls": control_table(R.read(f"{folder}/controls.csv"))}
    for doc in DOCS:
        with open(f"{ROOT}/{doc}") as f:
            text = f.read()
        with open(f"{ROOT}/{doc}", "w") as f:
            f.write(replace(text, made))
    return 0
