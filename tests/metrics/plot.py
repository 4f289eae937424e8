#!/usr/bin/python3
"""The dashboard's panels, drawn of what Prometheus answered (Grafana could not be had).

In:  JSON on stdin, by dashboard.py: [{title, unit, series: [{legend, points: [[second, value]]}]}]; argument: the SVG to write.
Called by `PLOT=FILE tests/metrics/run`.
"""
import json
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rezone", "font.size": 6, "axes.grid": True, "grid.alpha": 0.3})
import matplotlib.pyplot as plt  # noqa: E402

UNITS = {"Bps": "bytes/s", "ops": "1/s", "cps": "1/s", "s": "s", "currencyUSD": "$", "percentunit": "share"}  # Grafana's names of units

panels = json.load(sys.stdin)
rows = (len(panels) + 2) // 3
fig, axes = plt.subplots(rows, 3, figsize=(10, 1.6 * rows))
for ax in axes.flat:
    ax.set_visible(False)
for ax, panel in zip(axes.flat, panels):
    ax.set_visible(True)
    ax.set_title(panel["title"], fontsize=7)
    for s in panel["series"]:
        few = len(s["points"]) < 4  # money is worked out at the end alone: no line would be seen
        ax.plot([t for t, _ in s["points"]], [v for _, v in s["points"]], label=s["legend"], linewidth=1, marker="o" if few else None, markersize=3)
    times = [t for s in panel["series"] for t, _ in s["points"]]
    ax.set_xlim(0, 62 if min(times) < 60 else max(times) + 1)  # beyond the recording there is only what rules make of it
    ax.set_xlabel("s", fontsize=5, loc="right", labelpad=0)
    ax.set_ylabel(UNITS.get(panel["unit"], ""), fontsize=5)
    ax.set_ylim(bottom=0)
    if 1 < len(panel["series"]) <= 6:
        ax.legend(frameon=False, fontsize=5)
fig.tight_layout()
fig.savefig(sys.argv[1], metadata={"Date": None, "Creator": None})
