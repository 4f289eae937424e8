"""The results in the tree: docs/proof/cells.csv, one row a cell, and docs/proof/moves.csv, one row a move.

In:  a judge.Judgement of a run. Out: the files, with the run added; rows of an earlier run of the same cell and the same rezone are added up.
Who: proof.py; table.py reads.
"""

import csv
import os
from collections import Counter, defaultdict

import judge as J
import setups as S

CELL = ("library", "role", "settings", "topology", "order", "rezone")
SUMS = ("moves", "cycles", "chances", "by_itself", "let_go", "baseline_cycles", *J.FAULTS, *("baseline_" + f for f in J.FAULTS), *("other_" + f for f in J.FAULTS))
OUTCOMES = ("home", "returned", "left", "other")
CELL_HEAD = (*CELL, "version", *SUMS, "home", "median_s", "p90_s", "max_s", *("outcome_" + o for o in OUTCOMES), "kept", "load")
MOVE_HEAD = ("rezone", "run", "cycle", "library", "role", "settings", "topology", "order", "client", "how", "next", "seconds", "at_old",
             "at_other", *J.FAULTS, "outcome")


def number(text):
    try:
        return int(text)
    except ValueError:
        return text


def read(name):
    if not os.path.exists(name):
        return []
    with open(name, newline="") as f:
        return [{k: number(v) for k, v in row.items()} for row in csv.DictReader(f)]


def write(name, head, rows):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name + ".tmp", "w", newline="") as f:
        out = csv.DictWriter(f, head, lineterminator="\n", extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    os.rename(name + ".tmp", name)


def unpack(text):
    """"reason=2; other=1" as a Counter"""
    return Counter({k: int(n) for part in str(text).split("; ") if "=" in part for k, _, n in [part.rpartition("=")]})


def pack(counter):
    return "; ".join(f"{k}={n}" for k, n in sorted(counter.items(), key=lambda i: (-i[1], i[0])))


def at(values, p):
    return values[min(len(values) - 1, int(len(values) * p))] if values else ""


def of_moves(moves):
    """what a cell's row says of its moves"""
    times = sorted(float(m["seconds"]) for m in moves if m["seconds"] not in (None, ""))
    out = dict(moves=len(moves), home=len(times), median_s=at(times, 0.5), p90_s=at(times, 0.9), max_s=times[-1] if times else "")
    told = Counter(m["outcome"] if m["outcome"] in OUTCOMES else "other" for m in moves if m["outcome"])
    return out | {"outcome_" + o: told[o] for o in OUTCOMES}


def new_cells(judgement, rezone):
    """rows of this run's cells: those of enforce, each with the baseline of the same set-up"""
    base = {(c["library"], c["role"], c["settings"]): c for c in judgement.cells if c["mode"] == "observe"}
    for c in judgement.cells:
        if c["mode"] != "enforce":
            continue
        b = base.get((c["library"], c["role"], c["settings"]), {})
        yield c | dict(rezone=rezone, chances=c["cycles"] * c["clients"], kept=pack(c["kept"]),
                       baseline_cycles=b.get("cycles", 0), **{"baseline_" + f: b.get("up_" + f, 0) for f in J.FAULTS})


def merge(old, new):
    out = old | {k: old.get(k, 0) + new.get(k, 0) for k in SUMS}
    return out | dict(kept=pack(unpack(old.get("kept", "")) + unpack(new["kept"])), load=max(float(old.get("load") or 0), float(new["load"] or 0)))


CONTROL_HEAD = ("rezone", "run", "mode", "clients", "moves", *J.FAULTS)


def add_controls(folder, judgement, rezone, run):
    """docs/proof/controls.csv: what was seen where harm was done on purpose"""
    name = f"{folder}/controls.csv"
    rows = read(name)
    for mode in ("plain", "lie"):
        mine = [c for c in judgement.cells if c["mode"] == mode]
        rows.append(dict(rezone=rezone, run=run, mode=mode, clients=sum(c["clients"] for c in mine), moves=sum(c["moves"] for c in mine),
                         **{f: sum(c["up_" + f] for c in mine) for f in J.FAULTS}))
    write(name, CONTROL_HEAD, rows)


def add(folder, judgement, rezone, run, load):
    """adds a run to both files"""
    cells_name, moves_name = f"{folder}/cells.csv", f"{folder}/moves.csv"
    moves = read(moves_name)
    moves += [m | dict(rezone=rezone, run=run) for m in judgement.moves if m["mode"] == "enforce"]
    cells = {tuple(c[k] for k in CELL): c for c in read(cells_name)}
    for c in new_cells(judgement, rezone):
        key = tuple(c[k] for k in CELL)
        c = c | dict(load=load)
        cells[key] = merge(cells[key], c) if key in cells else c
    mine = defaultdict(list)
    for m in moves:
        mine[tuple(m[k] for k in CELL)].append(m)
    for key, c in cells.items():
        c.update(of_moves(mine[key]), version=S.LIBRARIES[c["library"]].version)
    write(moves_name, MOVE_HEAD, moves)
    write(cells_name, CELL_HEAD, [cells[k] for k in sorted(cells, key=str)])
