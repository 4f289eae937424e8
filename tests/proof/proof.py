#!/usr/bin/env python3
"""The matrix of the proof: runs what the results in the tree lack, and goes on where it was ended. `make moves`.

In:  the environment selects: LIBS="java kafka-go", TOPOLOGIES="1 2 3", ORDERS="first last", MOVES=20 a cell, CLIENTS=3 of each set-up,
     CYCLES=2 of each order in a run, JOBS=1 runs at once, each with its share of the libraries (rezone's rates are each node's own, so
     more runs make more moves, as long as the machine is not full),
     ROLES=write/default,group/default; INTERVAL=1s between rezone's ticks; REZONE=PATH another binary, REZONE_NAME what its rows are called; MINUTES=60 ends after that run;
     OUT=DIR keeps the runs; RESULTS=DIR (docs/proof). proof.py judge DIR prints the judgement of a run that is there,
     proof.py add REZONE DIR... adds it to the results, proof.py tables makes the tables anew,
     proof.py check DIR passes judgement on the short form, promises DIR on one without controls.
Out: RESULTS/cells.csv, moves.csv and the tables of the docs after each run, controls.csv at the end; status 1 if a cell has faults beyond its baseline.
Who: make moves; 59-proof.sh (check).
"""

import json
import os
import shutil
import subprocess
import sys
import time

import collect
import judge as J
import results as R
import setups as S
import table
from check import check, check_controls, check_promises

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(f"{HERE}/../..")
ENV = os.environ
# what decides about moves; a change there makes earlier results those of another rezone
SOURCE = ("bpf", "include", "user/policy", "user/move", "user/kern", "user/daemon", "user/client", "user/topo")
CONTROLS = "confluent-2.0 kafka-go kafka-python-2.0"
EXTRA = {"read": 1.7, "group": 1.7}  # of these roles there are fewer cells; 200 moves for each library and role


def words(name, default):
    return (ENV.get(name) or default).split()


def git(*args):
    return subprocess.run(["git", "-C", ROOT, *args], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def source_name():
    """REZONE_NAME, or the latest commit that changed SOURCE"""
    changed = git("status", "--porcelain", "--", *SOURCE)
    return ENV.get("REZONE_NAME") or git("log", "-1", "--format=%h", "--abbrev=7", "--", *SOURCE) + ("-changed" if changed else "")


class Matrix:
    def __init__(self):
        self.libs = words("LIBS", " ".join(S.LIBRARIES))
        self.topologies = [int(t) for t in words("TOPOLOGIES", "2 1 3")]
        self.orders = words("ORDERS", "first last")
        self.moves, self.clients, self.jobs = int(ENV.get("MOVES", 20)), int(ENV.get("CLIENTS", 3)), int(ENV.get("JOBS", 1))
        self.results = ENV.get("RESULTS", f"{ROOT}/docs/proof")
        self.out = ENV.get("OUT", f"{ROOT}/build/proof")
        self.rezone = source_name()
        roles = {tuple(r.split("/")) for r in ENV.get("ROLES", "").split(",") if r}
        self.wanted = (lambda role, settings: (role, settings) in roles) if roles else None

    def done(self, cells, setup, topology, order, target):
        c = cells.get((setup.lib, setup.role, setup.settings, topology, order, self.rezone), {})
        target = int(target * (EXTRA.get(setup.role, 1) if target == self.moves else 1))
        return c.get("moves", 0) >= target or c.get("chances", 0) >= 1.5 * target

    def missing(self, target):
        """(topology, libraries, orders) of the first topology that lacks something; None: all is there"""
        cells = {tuple(c[k] for k in R.CELL): c for c in R.read(f"{self.results}/cells.csv")}
        for t in self.topologies:
            lack = [(s.lib, o) for s in S.setups_of(self.libs, self.clients, self.wanted) for o in self.orders
                    if s.lib not in self.absent and not self.done(cells, s, t, o, target)]
            if lack:
                return t, [l for l in self.libs if l in {x[0] for x in lack}], [o for o in self.orders if o in {x[1] for x in lack}]
        return None

    def arenas(self, libs, *argv):
        """a run of the arena for each share of the libraries, all at once; the folders of those that ended well"""
        stamp, started = time.strftime("%m%d-%H%M%S"), []
        for i, share in enumerate(libs):
            out = f"{self.out}/{stamp}" + (f"-{i + 1}" if len(libs) > 1 else "")
            os.makedirs(out)
            started.append((out, subprocess.Popen([f"{ROOT}/tests/e2e/proof.sh", out, "--libs", " ".join(share), *argv],
                                                  env={**ENV, "PROOF_REZONE": ENV.get("REZONE", "")})))
        ended = [(out, p.wait()) for out, p in started]
        for out, rc in ended:
            if rc:
                print(f"proof: run {out} ended with status {rc}; its folder is kept", flush=True)
        return [out for out, rc in ended if not rc]

    def controls(self):
        """once for each rezone: the judge sees the harm that is done on purpose"""
        if any(c["rezone"] == self.rezone for c in R.read(f"{self.results}/controls.csv")):
            return True
        runs = self.arenas([CONTROLS.split()], "--topology", "2", "--plan", "plain lie", "--clients", "2")
        if not runs:
            return False
        out = runs[0]
        judgement = J.judge(collect.read(out))
        R.add_controls(self.results, judgement, self.rezone, os.path.basename(out))
        table.main()
        return not check_controls(judgement)

    def run(self, topology, libs, orders):
        plan = " ".join([f"{o}:{ENV.get('CYCLES', 2)}" for o in ("first", "last") if o in orders] + ["observe:1"])
        roles = ["--roles", ENV["ROLES"]] if ENV.get("ROLES") else []
        shares = [libs[i :: self.jobs] for i in range(min(self.jobs, len(libs)))]
        runs = self.arenas(shares, "--topology", str(topology), "--plan", plan, "--clients", str(self.clients), *roles)
        for out in runs:
            self.take(out)
        return len(runs) == len(shares)

    def take(self, out):
        """a run that ended well, into the results"""
        with open(f"{out}/run.json") as f:
            self.absent |= set(json.load(f)["skipped"])
        judgement = add(self.results, out, self.rezone)
        table.main()
        show(judgement)
        if not ENV.get("OUT") and not any(m[f] for m in judgement.moves for f in J.FAULTS):
            shutil.rmtree(out)  # runs with faults are kept to be looked into

    def go_on(self):
        end = time.monotonic() + 60 * float(ENV.get("MINUTES", 1e6))
        self.absent, failed = set(), 0
        for target in sorted({min(4, self.moves), min(10, self.moves), self.moves}):
            while (lack := self.missing(target)) and time.monotonic() < end and failed < 3:
                topology, libs, orders = lack
                print(f"proof: {self.rezone}: to {target} moves a cell: {topology} other agents, {len(libs)} libraries, orders {' '.join(orders)}", flush=True)
                failed = 0 if self.run(*lack) else failed + 1
        return failed == 0 and self.controls()


def add(results, out, rezone):
    """judges a run and adds it to the results"""
    with open(f"{out}/run.json") as f:
        load = max(c["load"] for c in json.load(f)["cycles"])
    judgement = J.judge(collect.read(out))
    R.add(results, judgement, rezone, os.path.basename(out), load)
    return judgement


def show(judgement):
    total = len(judgement.moves)
    print(f"proof: {total} moves; " + ", ".join(f"{sum(m[f] for m in judgement.moves)} {f}" for f in J.FAULTS), flush=True)
    for c in judgement.cells:
        found = {f: (c[f], c["up_" + f]) for f in J.FAULTS if c["up_" + f]}
        if found:
            print(f"  {c['library']} {c['role']} {c['settings']}, {c['mode']} {c['order']}: {c['moves']} moves; after acts, in all: {found}", flush=True)


def main():
    if len(sys.argv) > 1 and sys.argv[1] not in ("judge", "add", "check", "promises", "tables"):
        print(__doc__ if sys.argv[1] in ("-h", "--help") else f"proof.py: {sys.argv[1]}: give judge, add, check, promises, tables, --help, or nothing",
              file=sys.stdout if sys.argv[1] in ("-h", "--help") else sys.stderr)
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    if sys.argv[1:2] == ["judge"]:
        show(J.judge(collect.read(sys.argv[2])))
        return 0
    if sys.argv[1:2] == ["add"]:
        for out in sys.argv[3:]:
            show(add(ENV.get("RESULTS", f"{ROOT}/docs/proof"), out.rstrip("/"), sys.argv[2]))
        return 0
    if sys.argv[1:2] == ["check"]:
        with open(f"{sys.argv[2]}/run.json") as f:
            return check(J.judge(collect.read(sys.argv[2])), json.load(f))
    if sys.argv[1:2] == ["promises"]:
        return check_promises(J.judge(collect.read(sys.argv[2])))
    if sys.argv[1:2] == ["tables"]:
        return table.main()
    matrix = Matrix()
    ok = matrix.go_on()
    bad = [c for c in R.read(f"{matrix.results}/cells.csv")
           if c["rezone"] == matrix.rezone and J.beyond_baseline(c) and S.sends_again(c["library"], c["role"], c["settings"])]
    for c in bad:
        print(f"not ok - {c['library']} {c['role']} {c['settings']}, {c['topology']} others, {c['order']}: {J.beyond_baseline(c)} in {c['moves']} moves")
    return 0 if ok and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
