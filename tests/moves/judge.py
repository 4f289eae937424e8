#!/usr/bin/env python3
"""Judges the rows of count.py: judge.py MOVES AGENTS <ROWS

In:  JSON lines; MOVES: how many each library must have had on each server; AGENTS: how many the clients knew (of Kafka: one).
Out: "ok - " and "not ok - " lines, remarks; status 1 if one was not ok.
Who: moves-volume.sh.

A library's moves are shared by its two producers, its group and, of kafka-go, a reader: each role must have had an eighth, or has a
reason here why it has none.
"""

import collections
import json
import sys

ROLES = ["producer, acks=all", "producer, acks=1", "group"]
READER = "reader"  # kafka-go alone
# docs/evidence/volume.md, user/policy/library.c
ALONE = {"confluent", "kafka-go"}  # librdkafka 2.16, kafka-go: their producers
GAP_ONLY = {"franz-go"}  # its producers: never held, and so let go, for they never pause here
LEFT_ALONE = {"aiokafka", "java"}  # their groups, where they know one agent only
NEVER = {"kafkajs"}  # its groups, known by their fingerprint

failed = False


def check(good, what):
    global failed
    failed |= not good
    print("ok -" if good else "not ok -", what)


def total(rows, *keys):
    return sum(r.get(k, 0) for r in rows for k in keys)


def middle(values):
    return values[len(values) // 2] if values else None


def is_producer(role):
    return role.startswith("producer")


def judge_moved(r, what, least, agents):
    """was this role moved as often as it must be, or not for a reason?"""
    moves, let_go = r["gap"] + r["hold"], r["let_go"]
    if is_producer(r["role"]) and r["lib"] in ALONE:
        check(moves + let_go == 0, f"{what}: left alone: {moves} moves, {let_go} let go")
    elif is_producer(r["role"]) and r["lib"] in GAP_ONLY:
        check(r["hold"] == 0 and r["gap"] + let_go >= least, f"{what}: in a gap or not at all: moved {moves} times, let go {let_go} times")
    elif is_producer(r["role"]) and r["server"] == "stuck":
        check(let_go >= least, f"{what}: let go {let_go} times, moved {moves} times")
    elif r["role"] == "group" and r["lib"] in NEVER:
        check(moves + let_go == 0, f"{what}: left alone: {moves} moves, {let_go} let go")
    elif r["role"] == "group" and r["lib"] in LEFT_ALONE and (r["server"] == "kafka" or agents == 1):
        check(moves + let_go == 0, f"{what}: role not moved, left alone, for it knows one agent only: {moves} moves, {let_go} let go")
    else:
        check(moves >= least, f"{what}: moved {moves} times, {let_go} let go")


def judge_role(r, least, agents):
    what = f"{r['server']}, {r['lib']}, {r['role']}"
    judge_moved(r, what, least, agents)
    if is_producer(r["role"]):
        # kafka-go's Writer waits for each answer; of the stuck server it gets one in 3 s
        check(r["acked"] > 20 and r["lost"] + r["doubled"] + r["failed"] == 0,
              f"{what}: of {r['acked']} acknowledged writes {r['lost']} lost, {r['doubled']} doubled, {r['failed']} failed")
    stalls, moves = r["stalls_ms"], r["gap"] + r["hold"]
    seen = len(stalls) + r["not_back"]
    check(r["not_back"] == 0 and (seen > 0 or moves < 4),
          f"{what}: back after each of {seen} moves that the wire shows (of {moves}): {r['not_back']} were not")
    if r["error_texts"]:
        print(f"# {what}: {r['error_texts']}")
    print(f"# {what}: gap {r['gap']}, hold {r['hold']}, let go {r['let_go']}, refused {r['refused']} {r['refused_why']}, "
          f"stall ms median {middle(stalls)} max {max(stalls, default=None)} of {len(stalls)}"
          + (f", unread {r['unread']}" if "unread" in r else ""))


def held(server, lib, rows, least, agents):
    moved = total(rows, "let_go") if server == "stuck" and lib not in ALONE else total(rows, "gap", "hold")
    if lib in GAP_ONLY and server != "stuck":
        moved += total(rows, "let_go")
    check(moved >= least, f"{server}, {lib}: moved {total(rows, 'gap', 'hold')} times ({total(rows, 'gap')} in a gap, "
                          f"{total(rows, 'hold')} after a hold, {total(rows, 'let_go')} let go, {total(rows, 'refused')} refused)")
    check(total(rows, "generations") == 0, f"{server}, {lib}: generations of its group: {total(rows, 'generations')}")
    want = ROLES + [READER] * (lib == "kafka-go")
    check(sorted(r["role"] for r in rows) == sorted(want), f"{server}, {lib}: each of its {len(want)} roles was at work")
    for r in rows:
        judge_role(r, max(1, least // 8), agents)


def plain(server, lib, rows):
    """resets that wait for nothing: the test can fail"""
    said = (f"plain, {server}, {lib}: {total(rows, 'plain')} resets: {total(rows, 'doubled')} of {total(rows, 'acked')} doubled, "
            f"{total(rows, 'lost')} lost, {total(rows, 'generations')} generations ({total(rows, 'coordinators_reset')} coordinator "
            f"connections reset)")
    if server == "slow" and lib not in ALONE:  # there is something in flight nearly always
        check(total(rows, "doubled") > 0, said)
    else:
        print("#", said)


def main():
    least, agents = map(int, sys.argv[1:])
    by = collections.defaultdict(list)
    for line in sys.stdin:
        r = json.loads(line)
        by[r["phase"], r["server"], r["lib"]].append(r)
    check(any(phase == "held" for phase, _, _ in by), f"{len(by)} libraries and servers were counted")
    resets = []
    for (phase, server, lib), rows in sorted(by.items()):
        if phase == "held":
            held(server, lib, rows, least, agents)
        else:
            plain(server, lib, rows)
            resets += rows
    if resets:
        check(total(resets, "doubled") > 0, f"plain resets double writes: {total(resets, 'doubled')}")
        # the other libraries' groups outlive it (docs/evidence/volume.md)
        go = [r for r in resets if r["lib"] == "kafka-go"]
        if go:
            check(total(go, "generations") > 0, f"resets of coordinators make kafka-go's group rebalance: {total(go, 'generations')}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
