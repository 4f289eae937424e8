#!/usr/bin/env python3
"""Two opinions on the same connections: rezone's and tshark's.

Comes in: FOLDER with
  conns.json  bpftool's dump of map conns         list.json   rezone list -o json
  tshark.tsv  of each frame to the agents: client, port, SYN?, sequence number, kafka.len, api_key, api_version,
              correlation_id, client_id; several requests in a frame are joined by |
  truth.jsonl (if there is one) what was really said: tests/tools/opinion/wire
Goes out: differences one by one, explained where they can be, figures, and "N passed, N failed, N skipped".
Of a connection rezone says: so many requests, the next one begins there, the latest was this. The same place in tshark's
list must have the same number, id, key, and the requests up to it the same kinds. Called by tests/tools/opinion/run.
"""
import collections
import ipaddress
import json
import os
import sys

SHARE = {78, 79}  # records that the agent lends: data and membership in one
COORDINATOR = {8, 9, 11, 12, 13, 14, 68, 76, 88} | SHARE
TRANSACTION = {24, 25, 26, 28}
METADATA = {2, 3, 10}
KNOWN = {0, 1, 17, 18, 36} | METADATA | COORDINATOR | TRANSACTION
SHOWN = int(os.environ.get("OPINION_SHOWN", "20"))  # of each sort; all are counted


def kinds(keys):
    return {
        "produce": 0 in keys,
        "fetch": bool(keys & (SHARE | {1})),
        "metadata": bool(keys & METADATA),
        "coordinator": bool(keys & COORDINATOR),
        "sasl": bool(keys & {17, 36}),
        "other": bool(keys - KNOWN),
    }


def read_tshark(path):
    """client -> (ISN, [(key, version, correlation id, next sequence number)], ids)"""
    seen = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            src, port, syn, seq, size, key, version, corr, ids = (line.rstrip("\n").split("\t") + [""] * 9)[:9]
            client = "%s:%s" % (src, port)
            if syn in ("1", "True"):
                # a SYN that came twice is one connection; one with another number is another
                if client not in seen or seen[client]["isn"] != int(seq):
                    seen[client] = {"isn": int(seq), "at": int(seq) + 1, "requests": [], "ids": set(), "odd": []}
                continue
            c = seen.get(client)
            if c is None or not key:
                continue
            cols = [x.split("|") for x in (size, key, version, corr)]
            if len({len(x) for x in cols}) != 1:
                c["odd"].append(line.strip()[:200])
                continue
            for s, k, v, n in zip(*cols):
                c["at"] = (c["at"] + 4 + int(s)) & 0xFFFFFFFF
                c["requests"].append((int(k), int(v), int(n) & 0xFFFFFFFF, c["at"]))
            if ids:
                c["ids"].update(ids.split("|"))
    return seen


def client_of(conn):
    t = conn["tuple"]
    a = ipaddress.ip_address(bytes(int(x, 0) if isinstance(x, str) else x for x in t["client_addr"]))
    a = a.ipv4_mapped or a
    return "%s:%d" % (a, t["client_port"]) if a.version == 4 else "[%s]:%d" % (a, t["client_port"])


class Verdict:
    def __init__(self):
        self.n = collections.Counter()
        self.shown = collections.Counter()

    def say(self, what, client, text):
        self.n[what] += 1
        self.shown[what] += 1
        if self.shown[what] <= SHOWN:
            print("%s: %s: %s" % (client, what, text))


def id_agrees(listed, said):
    """rezone prints at most what it keeps; tshark all. A null id is in neither."""
    ids = {x for x in said if x and x not in ("[ Null ]", "[ Empty ]")}
    if not ids:
        return not listed
    if len(ids) > 1:
        return False
    whole = ids.pop()
    return listed is not None and (listed == whole or (len(whole) > 255 and whole.startswith(listed[:255].rstrip("\u2026"))))


def third_witness(client, t, truth, v):
    """Where tshark stops before the end, which its reassembly does on lossy streams, what was really said is compared with."""
    said = [(k, ver, n, (truth["isn"] + 1 + end) & 0xFFFFFFFF) for k, ver, n, end in truth["requests"]]
    if t["requests"] == said:
        return True
    if t["requests"] != said[: len(t["requests"])]:
        v.say("DIFFERS: tshark from the truth", client, "%d of %d" % (len(t["requests"]), len(said)))
        return False
    v.say("tshark's reassembly stopped, the truth was asked", client, "it has %d of %d requests, all as said" % (
        len(t["requests"]), len(said)))
    t["requests"] = said
    return True


def compare(client, frame, listed, t, truth, v):
    if truth and not third_witness(client, t, truth, v):
        return None
    keys = [r[0] for r in t["requests"]]
    n = frame["requests"]
    if t["odd"]:
        return v.say("tshark read it otherwise", client, t["odd"][0])
    if not t["requests"] and not n:
        v.n["both saw no request"] += 1
        return None
    if frame["state"] in ("RZ_STATE_DESYNCED", 5) or not frame["synced"]:
        return v.say("out of frame when it was looked at", client, "%d of %d requests, and says so" % (n, len(keys)))
    if frame["tentative"]:  # a guess, on a connection that lost its beginning: nothing is believed or done before the next header
        return v.say("a guess when it was looked at", client, "%d of %d requests, and says so" % (n, len(keys)))
    places = [i for i, r in enumerate(t["requests"]) if r[3] == frame["next_seq"]]
    if not places:
        return v.say("DIFFERS: no request ends where rezone waits", client, "next_seq %d, %d requests; tshark %s" % (
            frame["next_seq"], n, t["requests"][-3:]))
    at = places[0]
    r = t["requests"][at]
    if (r[0], r[2]) != (frame["api_key"], frame["correlation_id"]):
        return v.say("DIFFERS: the latest request", client, "rezone %d/%d, tshark %s" % (
            frame["api_key"], frame["correlation_id"], r))
    if not id_agrees(listed.get("client_id"), t["ids"]):
        return v.say("DIFFERS: client.id", client, "rezone %r, tshark %r" % (listed.get("client_id"), t["ids"]))
    have = {k: bool(frame[k]) for k in kinds(set())}
    want = kinds(set(keys[: at + 1]))
    if n > at + 1 or any(have[k] and not want[k] for k in want):
        return v.say("DIFFERS: more than was said", client, "rezone %d %s, tshark %d %s" % (n, have, at + 1, want))
    if n < at + 1:
        v.n["requests missed out of frame"] += at + 1 - n
        return v.say("found again after it had lost the frame", client, "%d of %d requests counted; place, latest, id agree" % (
            n, at + 1))
    if have != want:
        return v.say("DIFFERS: kinds", client, "rezone %s, tshark %s" % (have, want))
    v.n["agree"] += 1
    v.n["requests in these"] += n
    v.n["behind it when it was looked at"] += at + 1 < len(keys)
    return None


def main(folder, least):
    with open(folder + "/conns.json", encoding="utf-8") as f:
        conns = [x["formatted"]["value"] for x in json.load(f)]
    with open(folder + "/list.json", encoding="utf-8") as f:
        listed = {x["client"]: x for x in json.load(f)}
    truth = {}
    try:
        with open(folder + "/truth.jsonl", encoding="utf-8") as f:
            truth = {x["client"]: x for x in (json.loads(line) for line in f if line.startswith("{"))}
    except FileNotFoundError:
        pass
    tshark = read_tshark(folder + "/tshark.tsv")
    v = Verdict()
    for c in conns:
        client = client_of(c)
        if client not in tshark:
            v.say("not in the capture from its opening", client, c["frame"]["state"])
            continue
        compare(client, c["frame"], listed.get(client, {}), tshark[client], truth.get(client), v)
    for client in truth:
        v.n["not tracked"] += client not in {client_of(c) for c in conns} if len(conns) != len(truth) else 0
    for what, n in sorted(v.n.items()):
        print("%7d %s" % (n, what))
    bad = sum(n for what, n in v.n.items() if what.startswith(("DIFFERS", "tshark read", "not tracked")))
    if len(conns) < least:
        print("only %d connections of %d" % (len(conns), least))
        bad += 1
    print("%d passed, %d failed, 0 skipped" % (v.n["agree"] + v.n["found again after it had lost the frame"], bad))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
