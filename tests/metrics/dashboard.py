#!/usr/bin/env python3
"""Asks a real Prometheus every question of the dashboard, and of the alerts.

In:  URL of a Prometheus that has the recorded pages (replay.py), the dashboard, first and last second. Out: "ok" and "not ok"
     lines, one for each panel, and figures for people. A panel must be answered without an error, and with values unless its
     fault did not happen in the recording (QUIET). PANELS=FILE: what was answered, for plot.py.
"""
import json
import os
import sys
import urllib.parse
import urllib.request

url, path, first, last = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
QUIET = {"Not followed, by cause", "Errors", "Hold, 95th percentile"}  # did not happen while it was recorded


def ask(expr):
    for name, value in {"$job": ".*", "$instance": ".*", "$__rate_interval": "16s"}.items():
        expr = expr.replace(name, value)
    # the recording rules look back over 5 minutes: at the end they have the whole recording
    query = urllib.parse.urlencode({"query": expr, "start": first, "end": last, "step": 2})
    with urllib.request.urlopen(f"{url}/api/v1/query_range?{query}") as r:
        answer = json.load(r)
    assert answer["status"] == "success" and not answer.get("warnings"), answer
    return answer["data"]["result"]


def legends(panel, result):
    """Each label that a panel's legend names must be one of the answer's."""
    text = panel["targets"][0]["legendFormat"]
    names = [p.partition("}}")[0] for p in text.split("{{")[1:]]
    return all(n in r["metric"] for r in result for n in names)


def drawn(panel, result):
    text = panel["targets"][0]["legendFormat"]
    rows = []
    for r in result:
        legend = text
        for k, v in r["metric"].items():
            legend = legend.replace("{{%s}}" % k, v)
        rows.append({"legend": legend, "points": [[t - first, float(v)] for t, v in r["values"] if v != "NaN"]})
    return {"title": panel["title"], "unit": panel["fieldConfig"]["defaults"].get("unit", ""), "series": rows}


answers = []
with open(path, encoding="utf-8") as f:
    panels = [p for p in json.load(f)["panels"] if p["type"] == "timeseries"]
for panel in panels:
    title = panel["title"]
    try:
        result = ask(panel["targets"][0]["expr"])
        values = [float(v) for r in result for _, v in r["values"] if v != "NaN"]
        good = bool(values) != (title in QUIET) and legends(panel, result)
        answers.append(drawn(panel, result))
        found = f"{len(result)} series, {min(values):.3g} to {max(values):.3g}" if values else "nothing"
    except (OSError, AssertionError) as e:
        good, found = False, str(e)
    print(f"{'ok' if good else 'not ok'} - panel: {title}\n# {found}")
if os.environ.get("PANELS"):
    made_up = os.environ.get("MADE_UP", "").split()
    asked = {p["title"]: p["targets"][0]["expr"] for p in panels}
    shown = [a for a in answers if a["series"] and a["title"] not in QUIET
             and not any(m in asked[a["title"]] for m in made_up + ["rezone:"] * bool(made_up))]
    with open(os.environ["PANELS"], "w", encoding="utf-8") as f:
        json.dump(shown, f)
