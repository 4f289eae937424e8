#!/usr/bin/env python3
"""The set-ups that fleets run, a line of docs/clients.md each: runs what the results lack, and goes on where it was ended.
`make clients-table`.

In:  the environment selects: ONLY="java* kafka-go.*" set-ups by glob, MINUTES=60 ends before the next run, BATCH=20 set-ups at a time,
     KEEP=1 takes those that an earlier rezone ran for done (else they come again, after those that were never run),
     AGAIN=1 also those that are there; OUT=DIR keeps the runs; RESULTS=DIR (docs/proof). REZONE=PATH another binary.
     fleet.py list prints the set-ups, fleet.py table makes the table anew, fleet.py add DIR... adds runs that are there,
     fleet.py check DIR passes judgement on the smoke check's run (tests/e2e/75-fleet.sh).
Out: RESULTS/fleet.csv, a row for each set-up and mode, and of docs/proof the table; status 1 if a set-up has faults beyond its own in mode observe.
Who: make clients-table.
"""

import csv
import fnmatch
import os
import shutil
import subprocess
import sys
import textwrap
import time

import judge as J
import setups as S

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(f"{HERE}/../..")
ENV = os.environ
KEPT = f"{ROOT}/docs/proof"
RESULTS = ENV.get("RESULTS", KEPT)
DOC = f"{ROOT}/docs/clients.md"
MODES = ("observe", "first", "last")
HEAD = ("setup", "mode", "rezone", *J.ROW)
FAULTS = ("doubled", "lost", "generations", "errors")
# what decides about moves; a change there makes earlier results those of another rezone
SOURCE = ("bpf", "include", "user/policy", "user/move", "user/kern", "user/daemon", "user/client", "user/topo")
BEGIN, END = "<!-- fleet:table -->", "<!-- end fleet -->"
BARE_HEAD = "Those that [do not retry](#producers-that-do-not-retry), which the sums leave out:"


def git(*args):
    return subprocess.run(["git", "-C", ROOT, *args], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def source_name():
    changed = git("status", "--porcelain", "--", *SOURCE)
    return ENV.get("REZONE_NAME") or git("log", "-1", "--format=%h", "--abbrev=7", "--", *SOURCE) + ("-changed" if changed else "")


def read():
    name = f"{RESULTS}/fleet.csv"
    if not os.path.exists(name):
        return {}
    with open(name, newline="") as f:
        return {(r["setup"], r["mode"]): {k: int(v) if v.isdigit() else v for k, v in r.items()} for r in csv.DictReader(f)}


def write(rows):
    """in the order of the table; a set-up that is no longer one goes"""
    os.makedirs(RESULTS, exist_ok=True)
    order = {s.key: i for i, s in enumerate(S.SETUPS)}
    with open(f"{RESULTS}/fleet.csv.tmp", "w", newline="") as f:
        out = csv.DictWriter(f, HEAD, lineterminator="\n")
        out.writeheader()
        out.writerows(rows[k] for k in sorted(rows, key=lambda k: (order.get(k[0], 0), MODES.index(k[1]))) if k[0] in order)
    os.rename(f"{RESULTS}/fleet.csv.tmp", f"{RESULTS}/fleet.csv")


def add(out, mode, rezone):
    found, skipped = J.read(out)
    rows = read()
    for key, row in found.items():
        rows[key, mode] = dict(setup=key, mode=mode, rezone=rezone) | row
    for key, why in skipped.items():
        rows[key, mode] = dict.fromkeys(HEAD, "") | dict(setup=key, mode=mode, rezone=rezone, note="not run: " + why[:120])
    write(rows)
    table()
    for key, r in found.items():
        print(f"  {key}, {mode}: {r['home']} of {r['clients']} home ({r['moved']} moved, {r['by_itself']} by itself) {r['seconds']} s; " +
              ", ".join(f"{r[f]} {f}" for f in FAULTS) + (f"; away: {r['away']}" if r["away"] else "") + (f"; {r['note']}" if r["note"] else ""), flush=True)


# ---- the table ----

def beyond(row, base):
    """faults of a mode beyond those of mode observe"""
    return {f: row[f] - base[f] for f in FAULTS if isinstance(row.get(f), int) and isinstance(base.get(f), int) and row[f] > base[f]}


def told(row):
    """one cell: how many came home, how, and how fast; else why not"""
    if not row:
        return "not run"
    if row["note"] and str(row["note"]).startswith("not run"):
        return "not run"
    parts = [f"moved {row['moved']} of {row['clients']}"] * bool(row["moved"]) + [f"by itself {row['by_itself']} of {row['clients']}"] * bool(row["by_itself"])
    if parts:
        parts[-1] += f", {row['seconds']} s"
    for part in filter(None, str(row["away"]).split("; ")):
        reason, _, n = part.rpartition("=")
        parts.append({"no connection": f"without a connection: {n}", "ended": f"the application ended: {n}"}.get(reason, f"stays {n}: `{reason}`"))
    return "; ".join(parts)


def what(s):
    """of one that the sums leave out, with the reason"""
    return s.what + (f" ({s.excluded})" if s.excluded and s.excluded not in s.what else "")


def line(s, rows):
    base, first, last = (rows.get((s.key, m)) for m in MODES)
    made = [r for r in (first, last) if r and isinstance(r["clients"], int)]
    if s.why_not or not made or not base or not isinstance(base["clients"], int):
        why = s.why_not or next((str(r["note"]) for r in (base, first, last) if r and r["note"]), "not run yet")
        return (s.library, what(s), told(first), told(last), told(base) if base else "not run", why)
    extra = {}
    for r in made:
        for f, n in beyond(r, base).items():
            extra[f] = extra.get(f, 0) + n
    faults = ", ".join(f"{n} {f}" for f, n in extra.items()) or "none"
    return (s.library, what(s), told(first), told(last), told(base), faults)


def share(rows, mode, movers=S.SETUPS):
    """(clients, home, moved, by themselves, set-ups, home in time) of the set-ups that the rules do not exclude. In time: within
    WINDOW_S, also where a set-up has longer; of a set-up whose slowest client took longer none counts"""
    mine = [rows[s.key, mode] for s in movers if not s.excluded and (s.key, mode) in rows and isinstance(rows[s.key, mode]["clients"], int)]
    in_time = sum(r["home"] for r in mine if r["home"] and float(r["seconds"]) <= S.WINDOW_S)
    return [sum(r[f] for r in mine) for f in ("clients", "home", "moved", "by_itself")] + [len(mine), in_time]


def summary(rows):
    text = []
    for mode, words in (("first", "rezone started before the clients"), ("last", "rezone started after them"), ("observe", "mode observe")):
        clients, home, moved, alone, n, in_time = share(rows, mode)
        if clients:
            text.append(f"* {words}: {home} of {clients} clients of {n} set-ups are home ({100 * home / clients:.1f} %): {moved} moved, {alone} by " +
                        f"themselves. Within {S.WINDOW_S} s: {in_time} ({100 * in_time / clients:.1f} %).")
    bad = [(s, m) for s in S.SETUPS for m in MODES[1:] if (s.key, m) in rows and (s.key, "observe") in rows and not s.excluded
           and beyond(rows[s.key, m], rows[s.key, "observe"])]
    text.append(f"* Runs with more faults than the same set-up in mode observe: {len(bad)}.")
    names = sorted({str(r["rezone"]) for r in rows.values()})
    text.append(f"* rezone {', '.join(names)}; each set-up once in each mode.")
    return "\n".join(textwrap.fill(t, 100, subsequent_indent="  ", break_on_hyphens=False) for t in text)


def lines_of(setups, rows):
    head = ("library", "set-up", "rezone first", "rezone last", "without rezone", "faults beyond mode observe")
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(map(str, line(s, rows))) + " |" for s in setups])


def table():
    """into docs/clients.md; results that are kept elsewhere are not the project's"""
    if os.path.realpath(RESULTS) != KEPT:
        return 0
    rows = read()
    made = lines_of([s for s in S.SETUPS if s.excluded != S.BARE], rows) + "\n\n" + BARE_HEAD + "\n\n" + lines_of([s for s in S.SETUPS if s.excluded == S.BARE], rows)
    with open(DOC) as f:
        text = f.read()
    if BEGIN in text:
        before, rest = text.split(BEGIN, 1)
        with open(DOC, "w") as f:
            f.write(f"{before}{BEGIN}\n{summary(rows)}\n\n{made}\n{END}{rest.split(END, 1)[1]}")
    return 0


# ---- running ----

def wanted():
    globs = ENV.get("ONLY", "*").split()
    return [s for s in S.SETUPS if not s.why_not and any(fnmatch.fnmatch(s.key, g) for g in globs)]


def missing(rows, rezone):
    """(mode, set-ups) of the next run: the first that lacks a mode, and others of its kind that lack it, too; what was never run goes first"""
    lack = [(s, m) for s in wanted() for m in MODES if rows.get((s.key, m), {}).get("rezone") != rezone]
    lack = [k for k in lack if (k[0].key, k[1]) not in rows] or ([] if ENV.get("KEEP") else lack)
    if not lack:
        return None
    one, mode = lack[0]
    heavy = one.key.endswith((".5MBs", ".1MB"))
    alike = [s for s, m in lack if m == mode and (s.sasl, s.window) == (one.sasl, one.window) and s.key.endswith((".5MBs", ".1MB")) == heavy]
    return mode, alike[: 3 if heavy else int(ENV.get("BATCH", 20))]


def run(mode, setups, rezone):
    out = f"{ENV.get('OUT', f'{ROOT}/build/fleet')}/{time.strftime('%m%d-%H%M%S')}-{mode}"
    os.makedirs(out)
    print(f"fleet: {mode}: {' '.join(s.key for s in setups)}", flush=True)
    rc = subprocess.run([f"{ROOT}/tests/e2e/fleet.sh", out, "--mode", mode, *[s.key for s in setups]], env={**ENV, "FLEET_REZONE": ENV.get("REZONE", "")}).returncode
    if rc:
        print(f"fleet: run {out} ended with status {rc}; its folder is kept", flush=True)
        return False
    add(out, mode, rezone)
    if not ENV.get("OUT"):
        shutil.rmtree(out)
    return True


def go_on():
    end, rezone, failed = time.monotonic() + 60 * float(ENV.get("MINUTES", 1e6)), source_name(), 0
    if ENV.get("AGAIN"):
        write({k: r for k, r in read().items() if k[0] not in {s.key for s in wanted()}})
    while time.monotonic() < end and failed < 3:
        lack = missing(read(), rezone)
        if not lack:
            break
        failed = 0 if run(*lack, rezone) and missing(read(), rezone) != lack else failed + 1
    table()
    rows = read()
    bad = [(s.key, m, b) for s in wanted() for m in MODES[1:] if not s.excluded and (s.key, m) in rows and (s.key, "observe") in rows
           for b in [beyond(rows[s.key, m], rows[s.key, "observe"])] if b]
    for key, mode, b in bad:
        print(f"not ok - {key}, rezone {mode}: {b} beyond mode observe")
    return 1 if bad or failed else 0


def check(out):
    """the smoke check: one client that the rules move is home by a move, and the run has no faults"""
    found, skipped = J.read(out)
    failed = 0
    for key, r in found.items():
        good = r["moved"] == r["clients"] and not any(r[f] for f in FAULTS)
        failed |= not good
        print("ok -" if good else "not ok -", f"{key}: {r}")
    for key, why in skipped.items():
        print(f"ok - # SKIP {key}: {why}")
    return failed


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word == "list":
        for s in wanted():
            print(f"{s.key:30} {s.library}: {s.what}" + (f" ({s.excluded})" if s.excluded else ""))
        return 0
    if word == "table":
        return table()
    if word == "check":
        return check(sys.argv[2])
    if word == "add":
        for out in sys.argv[2:]:
            add(out, out.rstrip("/").rpartition("-")[2], source_name())
        return 0
    if word:
        print(__doc__, file=sys.stdout if word in ("-h", "--help") else sys.stderr)
        return 0 if word in ("-h", "--help") else 2
    return go_on()


if __name__ == "__main__":
    sys.exit(main())
