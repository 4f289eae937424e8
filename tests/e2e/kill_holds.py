#!/usr/bin/env python3
"""Kills rezone at a random moment and looks how the connections that it held go on.

kill_holds.py PID REZONE PIN_DIR TRACE WITHIN_MS

Waits, six times of seven, until a connection is held, and a random time up to a quarter of WITHIN_MS; else a random time up to
WITHIN_MS. Then it kills PID, reads map moves as it was left, and follows the agent's TRACE until each connection that was held has
asked something that reached the agent. Prints one line of JSON: in which phases moves were, and of each held one how long its hold
could last from the kill on, how many segments it dropped, and when its next request was executed. Used by 49-kill-holds.sh.
"""
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import time

DEADLINE_S = 30


def output(*command):
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout or "[]")


def left_behind(rezone, pin_dir, killed_ns):
    """phases -> how many, and client address -> (ns that its hold could last, cookie, who it is)"""
    phases, held = {}, {}
    where = {c["cookie"]: c for c in output(rezone, "list", "-p", pin_dir, "-o", "json")}
    for row in output("bpftool", "-j", "map", "dump", "pinned", pin_dir + "/moves"):
        cookie, move = row["formatted"]["key"], row["formatted"]["value"]
        phase = move["phase"].replace("RZ_PHASE_", "").lower()
        if phase not in ("gap", "hold", "reset") or cookie not in where:
            continue
        if phase != "gap" and move["deadline_ns"] <= killed_ns:
            continue # left by an earlier one
        if phase == "gap" and move["decided_ns"] < killed_ns - 3 * 10**9:
            continue
        phases[phase] = phases.get(phase, 0) + 1
        if phase != "gap" and move["deadline_ns"]:
            c = where[cookie]
            held[c["client"]] = (move["deadline_ns"] - killed_ns, cookie, c["client_id"].split(",")[0])
    return phases, held


def somebody_held(pin_dir):
    rows = output("bpftool", "-j", "map", "dump", "pinned", pin_dir + "/moves")
    moves = [row["formatted"]["value"] for row in rows]
    return any(m["phase"] == "RZ_PHASE_HOLD" and m["deadline_ns"] > time.monotonic_ns() for m in moves)


def dropped(pin_dir):
    """cookie -> segments that its hold dropped; nobody is there to take the entries away"""
    rows = output("bpftool", "-j", "map", "dump", "pinned", pin_dir + "/holds")
    return {row["formatted"]["key"]: row["formatted"]["value"]["held"] for row in rows}


def seconds(text):
    whole, _, rest = text.rstrip("Z").partition(".")
    t = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc).timestamp()
    return t + float("0." + (rest or "0"))


def follow(path, offset, killed, conns):
    """conn -> seconds from the kill to its next request, or None if it ended"""
    gone_on, rest, end = {}, "", time.monotonic() + DEADLINE_S
    with open(path, encoding="utf-8") as f:
        f.seek(offset)
        while conns - gone_on.keys() and time.monotonic() < end:
            rest += f.read()
            *lines, rest = rest.split("\n")
            for line in map(json.loads, lines):
                conn, after = line.get("conn"), seconds(line["t"]) - killed
                if conn in conns and conn not in gone_on and after > 0 and line["event"] in ("request", "close"):
                    gone_on[conn] = after if line["event"] == "request" else None
            time.sleep(0.02)
    return gone_on


def main(pid, rezone, pin_dir, trace, within_ms):
    offset = os.path.getsize(trace)
    if random.random() < 6 / 7:
        within_ms /= 4  # a hold lasts for as long as responses are out
        end = time.monotonic() + DEADLINE_S
        while not somebody_held(pin_dir) and time.monotonic() < end:
            time.sleep(0.01)
    time.sleep(random.uniform(0, within_ms / 1000))
    os.kill(pid, signal.SIGKILL)
    killed, killed_ns = time.time(), time.monotonic_ns()
    phases, held = left_behind(rezone, pin_dir, killed_ns)
    gone_on = follow(trace, offset, killed, set(held))
    segments = dropped(pin_dir)
    rows = [
        {
            "conn": conn,
            "who": who,
            "dropped": segments.get(cookie, 0),
            "left_ms": left / 1e6,
            "ended": conn in gone_on and gone_on[conn] is None,
            "went_on_ms": gone_on[conn] * 1e3 if gone_on.get(conn) else None,
        }
        for conn, (left, cookie, who) in held.items()
    ]
    print(json.dumps({"phases": phases, "held": rows, "load": os.getloadavg()[0]}))


main(int(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5]))
