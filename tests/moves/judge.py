#!/usr/bin/env python3
"""Judges the rows of count.py: judge.py MOVES <ROWS

In:  JSON lines; MOVES: how many each library must have had on each server.
Out: "ok - " and "not ok - " lines, remarks; status 1 if one was not ok.
Who: 59-moves.sh.
"""

import collections
import json
import sys

failed = False


def check(good, what):
    global failed
    failed |= not good
    print("ok -" if good else "not ok -", what)


def total(rows, *keys):
    return sum(r.get(k, 0) for r in rows for k in keys)


def middle(values):
    return values[len(values) // 2] if values else None


def held(server, lib, rows, least):
    moves = total(rows, "gap", "hold")
    if server == "stuck":
        check(total(rows, "let_go") >= least, f"{server}, {lib}: let go {total(rows, 'let_go')} times, moved {moves} times")
    else:
        check(moves >= least, f"{server}, {lib}: moved {moves} times ({total(rows, 'gap')} in a gap, {total(rows, 'hold')} after a hold, "
                              f"{total(rows, 'let_go')} let go, {total(rows, 'refused')} refused)")
    check(total(rows, "acked") > 20 and total(rows, "lost", "doubled", "failed") == 0,
          f"{server}, {lib}: of {total(rows, 'acked')} acknowledged writes {total(rows, 'lost')} lost, "
          f"{total(rows, 'doubled')} doubled, {total(rows, 'failed')} failed")
    check(total(rows, "generations") == 0,
          f"{server}, {lib}: generations of its group: {total(rows, 'generations')}")
    for r in rows:
        if r["error_texts"]:
            print(f"# {server}, {lib}, {r['role']}: {r['error_texts']}")
        stalls = r["stalls_ms"]
        print(f"# {server}, {lib}, {r['role']}: gap {r['gap']}, hold {r['hold']}, let go {r['let_go']}, refused {r['refused']} "
              f"{r['refused_why']}, stall ms median {middle(stalls)} max {max(stalls, default=None)} of {len(stalls)}, "
              f"not back {r['not_back']}" + (f", unread {r['unread']}" if "unread" in r else ""))


def main():
    least = int(sys.argv[1])
    by = collections.defaultdict(list)
    for line in sys.stdin:
        r = json.loads(line)
        by[r["phase"], r["server"], r["lib"]].append(r)
    plain = []
    for (phase, server, lib), rows in sorted(by.items()):
        if phase == "held":
            held(server, lib, rows, least)
        else:
            plain += rows
            print(f"# plain, {server}, {lib}: {total(rows, 'plain')} resets: {total(rows, 'doubled')} of {total(rows, 'acked')} "
                  f"doubled, {total(rows, 'lost')} lost, {total(rows, 'generations')} generations "
                  f"({total(rows, 'coordinators_reset')} coordinator connections reset)")
    if plain:
        check(total(plain, "doubled") > 0, f"plain resets double writes: {total(plain, 'doubled')}")
        # the other libraries' groups outlive it (docs/moves.md)
        go = [r for r in plain if r["lib"] == "kafka-go"]
        if go:
            check(total(go, "generations") > 0, f"resets of coordinators make kafka-go's group rebalance: {total(go, 'generations')}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
