#!/usr/bin/env python3
"""What a real API server will not do on command. After each: never a crash, the agents as they were or as they are, frozen
while the data cannot be trusted, a cause that people can see, and current again by itself."""
import copy
from lib import *
from faults import Server

s = Server()
A, B = ("default", "a"), ("default", "b")
one = slice_of("one", "agent", [endpoint("10.1.0.1", "a", "u1", "n1")])
two = slice_of("two", "agent", [endpoint("10.1.0.2", "b", "u2")])
s.set(one); s.set(two)
GOOD = {A: (1, 1), B: (1, 1)}


def begins(max_age):
    n = s.count.get("watch", 0)
    rezone("--kube-server", s.url, "--kube-service", "ws/agent=default", "--topology-max-age", max_age, "--topology-empty-confirm", "2s", "--node-name", "n1",
           "--log-level", "debug")
    check(f"it begins, topology_max_age {max_age}", until(lambda: zones() == GOOD and frozen() is None and s.count["watch"] > n) is not None, shown())


begins("60s") # what freezes at once must not meet a freeze for age, which comes first on a busy machine


def freezes_of(cause, since):
    """Freezes behind the first `since` whose event names the cause."""
    return [e["text"] for e in events("freeze")[since:] if cause in e["text"]]


def recovers(what, want=GOOD):
    s.fault.clear()
    took = until(lambda: frozen() is None and zones() == want)
    check(f"{what}: current again by itself", took is not None, shown())


def event_fault(what, raw, cause, states=("unreadable",)):
    """A line in the watch that cannot be used: frozen at once, until a whole list was read."""
    since = len(events("freeze"))
    s.fault["list"] = lambda conn, srv: (srv.body(conn, "<html>down</html>", "503 Service Unavailable", "text/html"), True)[1]
    s.line(raw)
    check(f"{what}: frozen", until(lambda: frozen() in states + ("unreachable",)) is not None, shown())
    check(f"{what}: the event names the cause", until(lambda: freezes_of(cause, since)) is not None, events("freeze")[since:])
    check(f"{what}: the agents stay as they were", zones() == GOOD, zones())
    recovers(what)


bad = copy.deepcopy(two)
bad["endpoints"][0]["conditions"]["serving"] = "yes"
event_fault("a wrong type", json.dumps({"type": "MODIFIED", "object": bad}) + "\n", 'slice "two": endpoints[0].conditions.serving is a string')
event_fault("truncated JSON", '{"type":"MODIFIED","object":{"metadata":{"name":"two"\n', "is no JSON")
event_fault("HTML in the watch", "<html>hello</html>\n", "is no JSON")
event_fault("an event of no known type", '{"type":"EXPLODED","object":{}}\n', 'type "EXPLODED" is none of a watch')
worse = copy.deepcopy(two)
worse["endpoints"] = [endpoint("10.9.0.1", "a", "x")] * 1001
event_fault("too many endpoints", json.dumps({"type": "MODIFIED", "object": worse}) + "\n", "1001 endpoints, more than the 1000")
event_fault("an enormous event", b'{"type":"' + b"x" * (17 << 20), "more than 16 MiB")

# what an API server lets through and is of no use is left out, and the rest counts


def left_out():
    return [(x["left_out"], x["left_out_why"]) for x in shown()["sources"]][0]


odd = slice_of("odd", "agent", [endpoint("10.1.0.8", "a", "u8"), endpoint("0.0.0.0", "a", "u9"), endpoint("10.1.0.10", "b c", "u10")])
odd["metadata"]["annotations"] = {"note": "x\0y"}
s.set(odd)
follows("an endpoint without a host's address, one without a zone's name: left out, the others count", {A: (2, 2), B: (1, 1)})
check("... counted and named", until(lambda: left_out()[0] == 2 and "0.0.0.0" in left_out()[1]) is not None, left_out())
check("... and nobody is frozen", frozen() is None, shown())
s.set({**odd, "ports": [{"name": "kafka", "port": None, "protocol": "TCP"}]})
follows("a port without a number: the slice is left out", GOOD)
check("... counted and named", until(lambda: left_out()[0] == 1 and "no number" in left_out()[1]) is not None, left_out())
s.drop("odd")
check("nothing odd is left", until(lambda: left_out() == (0, None)) is not None, left_out())

stop("rezone", __import__("signal").SIGTERM)
begins("6s")

# a list that is older than one already seen proves nothing; one that stays so, and goes on, is what there is
def older(grows):
    def answer(conn, srv):
        text = json.loads(srv.list_text())
        srv.old += grows
        text["metadata"]["resourceVersion"] = str(srv.old)
        text["items"] = text["items"][:1]
        srv.body(conn, json.dumps(text))
        return True
    return answer


s.old = 5
s.fault["list"] = s.fault["check"] = older(0)
s.line(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "old"}}) + "\n")
s.close_watches()
check("a list of an older version: frozen", until(lambda: frozen() is not None) is not None, shown())
check("... it says why", until(lambda: "which was seen before" in (shown()["sources"][0]["fault"] or "")) is not None, shown())
check("... the agents stay as they were, for longer than topology_max_age", until(lambda: zones() != GOOD or frozen() is None, 9) is None, shown())
recovers("the newer list is back")
s.fault["list"] = older(1)
s.fault["check"] = lambda conn, srv: conn.close()
s.line(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "old"}}) + "\n")
s.close_watches()
check("versions that went back and grow (a restored etcd): believed after topology_max_age", until(lambda: zones() == {A: (1, 1)}, 40) is not None, shown())
s.fault.clear()
recovers("a restored etcd")

# Retry-After
def busy(conn, srv):
    srv.asked.append(time.monotonic())
    conn.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
    return True


s.asked = []
s.fault["list"] = busy
s.line(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "old"}}) + "\n")
s.close_watches()
until(lambda: len(s.asked) >= 3)
waits = [b - a for a, b in zip(s.asked, s.asked[1:])]
check("Retry-After is waited for", len(waits) >= 2 and min(waits) >= 3, waits)
recovers("Retry-After")

# the watch, cut in every way
s.chunk = 1
s.set(slice_of("two", "agent", [endpoint("10.1.0.2", "b", "u2"), endpoint("10.1.0.3", "b", "u3")]))
follows("an event in chunks of one byte", {A: (1, 1), B: (2, 2)})
s.chunk = 0
s.set(two)
follows("... and back", GOOD)
for how in "clean", "cut", "half":
    n = s.count["watch"]
    s.close_watches(how)
    check(f"a watch closed ({how}) is begun again", until(lambda: s.count["watch"] > n and s.watchers) is not None, s.count)
    s.set(slice_of("two", "agent", [endpoint("10.1.0.2", "b", "u2", ready=False, serving=False)]))
    follows(f"watch closed ({how}), then a change", {A: (1, 1), B: (1, 0)})
    s.set(two)
    until(lambda: zones() == GOOD)
n = s.count["list"]
s.line(json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}) + "\n")
s.close_watches()
check("410 in the watch: listed again", until(lambda: s.count["list"] > n) is not None)
recovers("410 in the watch")
gone = '{"kind":"Status","message":"too old resource version","reason":"Expired","code":410}'
n = s.count["list"]
s.fault["watch"] = lambda conn, srv: (srv.body(conn, gone, "410 Gone"), True)[1]
s.close_watches()
check("410 as the watch's status: listed again", until(lambda: s.count["list"] > n) is not None)
recovers("410 as the watch's status")

# a continue token that is too old: the list begins anew
def two_pages(conn, srv):
    if srv.pages:
        srv.pages -= 1
        srv.body(conn, json.dumps({"metadata": {"resourceVersion": "1", "continue": "next"}, "items": []}))
        srv.fault["list"] = lambda c2, s2: (s2.fault.update(list=two_pages), s2.body(c2, gone, "410 Gone"))[0] or True
    else:
        srv.body(conn, srv.list_text())
    return True
s.pages = 2
s.fault["list"] = two_pages
s.line(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "old"}}) + "\n")
s.close_watches()
took, are = until(lambda: s.pages == 0), zones()
check("410 for a continue token: the list begins anew, the agents stay", took is not None and are == GOOD, f"{took} s, {are}")
recovers("410 for a continue token")

# a watch that is open and silent while things change: the proof finds it
s.set(slice_of("two", "agent", [endpoint("10.1.0.2", "b", "u2"), endpoint("10.1.0.4", "b", "u4")]), quiet=True)
check("a watch that swallowed a change is found out", until(lambda: zones() == {A: (1, 1), B: (2, 2)}) is not None, zones())
s.set(two, quiet=True)
until(lambda: zones() == GOOD)
s.set({**two, "futureField": {"x": [1, 2]}, "endpoints": [{**two["endpoints"][0], "hints": {"forZones": [{"name": "b"}]}, "new": 7}]})
s.set(slice_of("three", "agent", [endpoint("10.1.0.5", "b", "u5")]))
follows("unknown fields are passed over", {A: (1, 1), B: (2, 2)})
s.drop("three")
follows("... and back", GOOD)


def answer(kinds, what, f, cause, want="stale", seconds=20):
    """Lists or proofs that cannot be used: what is known ages, and then freezes."""
    for k in kinds:
        s.fault[k] = f
    s.close_watches("cut")
    check(f"{what}: frozen within topology_max_age", until(lambda: frozen() is not None, seconds) is not None, shown())
    check(f"{what}: its source names the cause", until(lambda: any(c in faults() for c in cause.split("|"))) is not None, faults())
    check(f"{what}: the agents stay as they were", zones() == GOOD, zones())
    recovers(what)


ALL = ["list", "watch", "check"]
answer(ALL, "500s", lambda c, srv: (srv.body(c, '{"kind":"Status","message":"etcdserver: leader changed"}', "500 Internal Server Error"), True)[1],
       "HTTP 500: etcdserver: leader changed")
answer(ALL, "HTML answers", lambda c, srv: (srv.body(c, "<html>proxy login</html>", "200 OK", "text/html"), True)[1], "is no JSON")
answer(ALL, "no answer, the connection open", lambda c, srv: (time.sleep(60), False)[1], "imed out|no answer in time")
answer(ALL, "connections that are closed at once", lambda c, srv: c.close(), "is --kube-server right")
s.fault["check"] = s.fault["watch"] = lambda c, srv: (srv.body(c, gone, "410 Gone"), True)[1]
answer(["list"], "a list cut short", lambda c, srv: (c.sendall((HEADCUT + srv.list_text()[:200]).encode()), c.close())[1]
       if (HEADCUT := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n") else None, "broken off")

# a slice that moves from one Service to another: one count, never two
stop("rezone", __import__("signal").SIGTERM)
class Two(Server):
    def answer(self, conn, head):
        want = "agent" if "service-name%3Dagent%20" in head.replace("&", "%20") or "service-name%3Dagent&" in head else "extra"
        kind = "watch" if "watch=1" in head else "list"
        if kind == "watch":
            with self.lock:
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.by[want].append(conn)
            return True
        self.body(conn, json.dumps({"metadata": {"resourceVersion": str(self.version)}, "items": self.of[want]}))
        return True
t = Two(port=18002)
m = slice_of("m", "agent", [endpoint("10.1.0.1", "a", "u1")])
m["metadata"].update(resourceVersion="100", uid="uid-m")
t.by, t.of = {"agent": [], "extra": []}, {"agent": [m], "extra": []}
rezone("--kube-server", t.url, "--kube-service", "ws/agent=one,ws/extra=two", "--topology-empty-confirm", "0s")
check("two Services", until(lambda: zones() == {("one", "a"): (1, 1)} and t.by["extra"] and t.by["agent"]) is not None, shown())
moved = json.loads(json.dumps(m))
moved["metadata"]["resourceVersion"] = "101"
t.watchers = t.by["extra"]
t.line(json.dumps({"type": "ADDED", "object": moved}) + "\n")
check("in both for a moment: counted once, by the first", until(lambda: len(shown()["agents"]) != 1, 1) is None and zones() == {("one", "a"): (1, 1)}, shown())
t.watchers = t.by["agent"]
t.line(json.dumps({"type": "DELETED", "object": moved}) + "\n")
follows("then in the second alone", {("two", "a"): (1, 1)})
check("rezone runs on", children["rezone"].poll() is None)
done()
