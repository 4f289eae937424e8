#!/usr/bin/python3
"""What a move costs its client, as a picture: plot.py SVG ROWS.json...

Comes in: rows of count.py. Goes out: SVG, a panel for each server: how long each library's producers and readers stood
still in a move (the half of them, and 1 to 99 %). Needs Debian's python3-matplotlib. Called by tests/moves/run.
"""

import collections
import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rezone", "font.size": 8, "axes.grid": True, "grid.alpha": 0.3})
import matplotlib.pyplot as plt  # noqa: E402

from table import NAMES, SERVERS  # noqa: E402

KINDS = {"producer": ("C0", 0.2), "reader": ("C1", -0.2)}


def kind(role):
    return "producer" if role.startswith("producer") else "reader"


def panel(ax, title, stalls):
    """stalls: (library, kind) -> seconds"""
    libs = list(reversed(NAMES))
    for k, (colour, shift) in KINDS.items():
        at = [(i + shift, stalls[lib, k]) for i, lib in enumerate(libs) if stalls[lib, k]]
        if at:
            boxes = ax.boxplot([v for _, v in at], positions=[y for y, _ in at], vert=False, widths=0.34, whis=(1, 99),
                               showfliers=False, patch_artist=True,
                               medianprops={"color": "black"}, manage_ticks=False)
            for b in boxes["boxes"]:
                b.set_facecolor(colour)
                b.set_alpha(0.5)
    ax.set_xscale("log")
    ax.set_xlim(0.005, 20)
    ax.set_xticks([0.01, 0.1, 1, 10], ["10 ms", "100 ms", "1 s", "10 s"])
    ax.set_yticks(range(len(libs)), [NAMES[lib] for lib in libs])
    ax.set_title(title, fontsize=8)


def main():
    svg, files = sys.argv[1], sys.argv[2:]
    stalls = collections.defaultdict(lambda: collections.defaultdict(list))
    for f in files:
        for r in map(json.loads, open(f)):
            if r["phase"] == "held":
                stalls[r["server"]][r["lib"], kind(r["role"])] += [s / 1000 for s in r["stalls_ms"] if s > 0]
    fig, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, sharey=True)
    for ax, (server, title) in zip(axes.flat, SERVERS):
        panel(ax, title, stalls[server])
    for k, (colour, _) in KINDS.items():
        axes[0][0].plot([], [], color=colour, linewidth=6, alpha=0.5, label=f"{k}s")
    axes[0][0].legend(loc="lower left")
    fig.tight_layout()
    fig.savefig(svg, metadata={"Date": None})


if __name__ == "__main__":
    main()
