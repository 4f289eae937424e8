#!/usr/bin/python3
"""The table and the plot of docs/evidence/beside.md: beside.py ROWS DOC "how it was measured".

Comes in: lines "WAY P50_US P99_US MIB_S/1000 CPU PROGRAMS" of tests/bench/beside, a round of all ways after another. Goes out: DOC between
its markers, and beside.svg next to it, if Debian's python3-matplotlib is there. Ratios are those of one round; shown is their median.
"""

import collections
import os
import re
import statistics
import sys
import textwrap

NAMES = {
    "nothing": "nothing",
    "parked": "**rezone, all parked**",
    "read": "**rezone, all read**",
    "moving": "**rezone, another one moved twice a second**",
    "tcpdump": "tcpdump to /dev/null",
    "haproxy": "HAProxy in the path",
}
FIELDS = ("p50", "p99", "mib", "cpu", "programs")


def read(path):
    rows = collections.defaultdict(list)
    for line in open(path):
        way, *values = line.split()
        if len(values) == len(FIELDS):
            rows[way].append(dict(zip(FIELDS, map(float, values))))
    return rows


def ratios(rows, way, field):
    return [r[field] / n[field] for r, n in zip(rows[way], rows["nothing"])]


def share(rows, way, field):
    value = statistics.median(r[field] for r in rows[way]) / 1e6
    return f"{value:.2%}" if value else "–"


def table(rows):
    yield "| beside Kafka | p50 | p99 | throughput | CPU of its processes | CPU of its programs, as the kernel counts |"
    yield "|---|---|---|---|---|---|"
    base = {f: statistics.median(r[f] for r in rows["nothing"]) for f in FIELDS}
    yield f"| nothing | {base['p50']:.0f} µs | {base['p99']:.0f} µs | {base['mib'] / 1000:.0f} MiB/s | – | – |"
    for way, name in NAMES.items():
        if way != "nothing" and rows[way]:
            cells = " | ".join(f"{statistics.median(ratios(rows, way, f)):.2f}" for f in ("p50", "p99", "mib"))
            yield f"| {name} | {cells} | {share(rows, way, 'cpu')} | {share(rows, way, 'programs')} |"


def plot(rows, svg):
    try:
        import matplotlib
    except ImportError:
        print("beside.py: no python3-matplotlib: the plot is left as it is", file=sys.stderr)
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rezone", "font.size": 8, "axes.grid": True, "grid.alpha": 0.3})
    import matplotlib.pyplot as plt
    ways = [w for w in reversed(NAMES) if w != "nothing" and rows[w]]
    fig, axes = plt.subplots(1, 3, figsize=(9, 2.4), sharey=True)
    for ax, field, title in zip(axes, FIELDS, ("small writes, p50", "small writes, p99", "throughput")):
        ax.boxplot([ratios(rows, w, field) for w in ways], vert=False, widths=0.5, medianprops={"color": "black"})
        ax.axvline(1, color="C0", linewidth=1)
        ax.set_title(f"{title}, against nothing", fontsize=8)
        ax.set_yticks(range(1, len(ways) + 1), [NAMES[w].strip("*") for w in ways])
    fig.tight_layout()
    fig.savefig(svg, metadata={"Date": None})


def main():
    rows_path, doc, how = sys.argv[1:]
    rows = read(rows_path)
    lines = [*textwrap.wrap(f"Measured: {how}.", 100), "", *table(rows)]
    print("\n".join(lines))
    text = open(doc).read()
    block = "<!-- beside -->\n" + "\n".join(lines) + "\n<!-- end beside -->"
    text, n = re.subn(r"<!-- beside -->.*<!-- end beside -->", lambda _: block, text, flags=re.S)
    if n != 1:
        sys.exit(f"{doc}: the markers <!-- beside --> and <!-- end beside --> are not there: put them back")
    open(doc, "w").write(text)
    plot(rows, os.path.join(os.path.dirname(doc), "beside.svg"))


main()
