#!/usr/bin/env python3
"""One row of pace.sh's table: what an application on kafka-go saw while its connections were moved.

    pace.py LOG PARTITIONS UP QUIET END_MS MOVES CELL...

In:  LOG, the client's JSON lines between the library's own; UP (RFC 3339), when home appeared; QUIET seconds before it are the
     baseline; END_MS (Unix), when all connections were home; CELL: the row's first cells.
Out: the row on stdout.
Who: pace.sh.
"""

import json
import sys
from datetime import datetime


def seconds(stamp):
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def longest(times, begin, end):
    """the longest time without one between begin and end"""
    inside = [begin] + [t for t in times if begin < t < end] + [end]
    return max(b - a for a, b in zip(inside, inside[1:]))


def main():
    log, partitions, up, quiet, end, moves, *cell = sys.argv[1:]
    partitions, up, end = int(partitions), seconds(up), int(end) / 1000
    reads, errors, generations, lines = [], 0, set(), 0
    with open(log, errors="replace") as f:
        for line in f:
            if not line.startswith("{"):
                lines += up <= float_time(line) if line.startswith("kafka-go: ") else 0
                continue
            try:
                e = json.loads(line)
            except ValueError:
                continue  # the last one, cut
            t = seconds(e["t"])
            if e["event"] == "read":
                reads.append((t, e["partition"]))
            elif t >= up:
                errors += e["event"] == "error"
                if e["event"] == "assigned":
                    generations.add(e["generation"])
    of = {p: [t for t, q in reads if q == p] for p in range(partitions)}
    before = max(longest(t, up - float(quiet), up) for t in of.values())
    during = max(longest(t, up, end + 3) for t in of.values())
    every = [t for t, _ in reads]
    print("| " + " | ".join(cell[:4] + [moves, f"{end - up:.0f} s", f"{before:.2f} s, {during:.2f} s",
                                        f"{longest(every, up - float(quiet), up):.2f} s, {longest(every, up, end + 3):.2f} s",
                                        str(errors), str(len(generations)), str(lines)]) + " |", flush=True)


def float_time(line):
    """of a line of Go's log package: kafka-go: 2026/11/26 11:20:00.123456 text"""
    try:
        return datetime.strptime(" ".join(line.split()[1:3]), "%Y/%m/%d %H:%M:%S.%f").timestamp()
    except ValueError:
        return 0.0


if __name__ == "__main__":
    main()
