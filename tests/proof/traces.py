"""The stand-in agents' traces (tests/peers/agent/README.md), read once or followed.

In:  files of JSON lines. Out: lines(), and Tail: what is known so far of each client.
Who: arena.py follows, collect.py reads.
"""

import calendar
import functools
import json
import time

import setups as S

DATA = ("Produce", "Fetch")


@functools.lru_cache(maxsize=4096)
def whole_seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def seconds(text):
    """RFC 3339, UTC, any number of digits behind the point"""
    whole, _, frac = text.rstrip("Z").partition(".")
    return whole_seconds(whole) + (float("0." + frac) if frac else 0.0)


def lines(file):
    """whole JSON lines from where the file stands"""
    while True:
        at = file.tell()
        line = file.readline()
        if not line.endswith("\n"):
            file.seek(at)
            return
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                pass


class Tail:
    """Follows traces; `last`: who -> (t, agent) of its latest Produce or Fetch."""

    def __init__(self):
        self.files, self.last, self.members = {}, {}, {}
        self.generation_t = 0.0

    def follow(self, name):
        if name not in self.files:
            open(name, "a").close()
            self.files[name] = open(name, errors="replace")

    def read(self):
        for f in self.files.values():
            for l in lines(f):
                if l["event"] == "request" and l.get("api") in DATA:
                    who = S.client_of(l.get("client_id"))
                    if who:
                        self.last[who] = max(self.last.get(who, (0, 0)), (seconds(l["t"]), l["agent"]))
                elif l["event"] == "group":
                    self.generation_t = max(self.generation_t, seconds(l["t"]))
                    self.members[l["group"]] = len(l.get("members") or [])
