#!/usr/bin/python3
"""Plots of the simulation: plot.py OUT DOCS. Comes in: OUT/*.csv of tests/sim/run. Goes out: DOCS/*.svg."""
import csv
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.fonttype": "none", "svg.hashsalt": "rezone", "font.size": 8, "axes.grid": True,
    "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False,
})
import matplotlib.pyplot as plt  # noqa: E402

SCENES = {"agent": "one agent in an empty zone", "ten": "ten agents in an empty zone",
          "zone": "a third of the cluster is back"}


def series(out, name):
    with open(f"{out}/{name}.csv", encoding="ascii") as f:
        rows = [{k: int(v) for k, v in r.items()} for r in csv.DictReader(f)]
    return rows[:-1]


def minutes(rows):
    return [r["second"] / 60 for r in rows]


def pair(out, axes, field, title):
    for ax, (name, words) in zip(axes, SCENES.items()):
        for suffix, label, style in (("", "rezone", "-"), ("_without", "without", "--")):
            rows = series(out, name + suffix)
            ax.plot(minutes(rows), [r[field] for r in rows], style, label=label, linewidth=1.2)
        ax.set_title(words, fontsize=8)
        ax.set_ylim(bottom=0)
    axes[0].set_ylabel(title)
    axes[0].legend(frameon=False)


def per_second(rows, field):
    return [(b[field] - a[field]) / (b["second"] - a["second"]) for a, b in zip(rows, rows[1:])]


def save(fig, path):
    fig.tight_layout()
    fig.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(fig)


def main():
    out, docs = sys.argv[1:3]
    fig, axes = plt.subplots(2, 3, figsize=(9, 4.6), sharex="col")
    pair(out, axes[0], "away", "connections away from home")
    pair(out, axes[1], "newest", "connections on the newest agent")
    for ax in axes[1]:
        ax.set_xlabel("minutes")
    save(fig, f"{docs}/home.svg")

    fig, axes = plt.subplots(1, 2, figsize=(9, 2.8))
    for name in ("agent", "ten", "zone"):
        rows = series(out, name)
        axes[0].semilogy(minutes(rows)[1:], [v or None for v in per_second(rows, "moves")],
                         label=SCENES[name], linewidth=1)
    axes[0].set_ylabel("moves a second, all nodes")
    axes[0].legend(frameon=False)
    rows = series(out, "lie")
    axes[1].plot(minutes(rows), [r["moves"] for r in rows], label="moves", linewidth=1.2)
    axes[1].plot(minutes(rows), [r["returned"] for r in rows], "--", linewidth=1.2,
                 label="known to be futile")
    axes[1].set_ylabel("a topology that lies: so far")
    axes[1].legend(frameon=False)
    for ax in axes:
        ax.set_xlabel("minutes")
    save(fig, f"{docs}/moves.svg")


if __name__ == "__main__":
    main()
