#!/usr/bin/env python3
# needs: kube
"""Against a real API server: what it reports is in the maps within a second, and what it does to clients is survived."""
import time
from lib import *

c = Cluster()
c.start()

# a first list, with what the official chart has beside agents: a pod without the port, other groups
c.put(slice_of("agent-1", "agent", [endpoint("10.1.0.1", "a", "u1", "node-a"), endpoint("10.1.0.2", "b", "u2", "node-b")]))
c.put(slice_of("agent-metrics", "agent", [endpoint("10.1.0.9", "c", "u9")], port="http"))
c.put(slice_of("other-1", "other", [endpoint("10.1.0.8", "c", "u8")]))
rezone(*c.flags(service="ws/agent=default"), "--node-name", "node-a", "--topology-max-age", "6s", "--log-level", "debug")
A, B, C = ("default", "a"), ("default", "b"), ("default", "c")
check("the first list is in the maps", until(lambda: zones() == {A: (1, 1), B: (1, 1)}) is not None, shown())
t = shown()
check("this node's agents give the own zone", t["own_zone"] == "a" and "EndpointSlices" in t["own_zone_from"], t)
check("nothing is frozen, and the source has an age", t["frozen"] is None and t["sources"][0]["age_s"] is not None, t)

c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "c", "u3")]))
follows("create", {A: (1, 1), B: (1, 1), C: (1, 1)})
c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "c", "u3"), endpoint("10.1.0.4", "c", "u4")]))
follows("scale", {A: (1, 1), B: (1, 1), C: (2, 2)})
c.put(slice_of("agent-v6", "agent", [endpoint("fd00::3", "c", "u3"), endpoint("fd00::4", "c", "u4")], family="IPv6"))
took = until(lambda: len(shown()["agents"]) == 6)
check("both address families are agents, each pod counts once", took is not None and zones()[C] == (2, 2), shown())
c.delete("agent-v6")
c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "b", "u3"), endpoint("10.1.0.4", "c", "u4")]))
follows("move between zones", {A: (1, 1), B: (2, 2), C: (1, 1)})
c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "b", "u3", ready=False, serving=False), endpoint("10.1.0.4", "c", "u4")]))
follows("unready", {A: (1, 1), B: (2, 1), C: (1, 1)})
c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "b", "u3", ready=False), endpoint("10.1.0.4", "c", "u4", terminating=True)]))
follows("serving but not ready counts, terminating does not", {A: (1, 1), B: (2, 2), C: (1, 0)})
c.delete("agent-2")
follows("delete", {A: (1, 1), B: (1, 1)})

# many
N = 40
want = {A: (1, 1), B: (1, 1)}
for i in range(N):
    z = "abc"[i % 3]
    c.put(slice_of(f"big-{i}", "agent", [endpoint(f"10.2.{i}.{j}", z, f"b{i}-{j}") for j in range(1, 51)]))
    k = ("default", z)
    want[k] = tuple(x + 50 for x in want.get(k, (0, 0)))
follows("2,000 endpoints in 40 slices", want)
for i in range(N):
    c.delete(f"big-{i}")
follows("and gone", {A: (1, 1), B: (1, 1)})
check("nothing was frozen so far", shown()["freezes"] == 0, log_of("rezone")[-800:])

# killed: frozen, nobody is moved, what was known stays; then it goes on where it was
stop("apiserver")
check("API server killed: frozen", until(lambda: frozen() == "unreachable", 3) is not None, shown())
check("... and what was known stays", zones() == {A: (1, 1), B: (1, 1)}, zones())
time.sleep(1)
c.start_api()
c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "c", "u3")]))
check("restarted: current again by itself", until(lambda: frozen() is None and zones() == {A: (1, 1), B: (1, 1), C: (1, 1)}) is not None, shown())
n = len([l for l in log_of("rezone").splitlines() if "freeze: nobody is moved" in l])
check("one line says so, and the counter is 1", n == 1 and shown()["freezes"] == 1, n)

# too old a watch: the API server starts anew with an empty cache, and etcd has forgotten our version
stop("apiserver")
until(lambda: frozen() == "unreachable", 3)
c.start_api("--watch-cache-sizes=endpointslices.discovery.k8s.io#0")
until(lambda: frozen() is None)
for i in range(5):
    c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "c" if i % 2 else "b", "u3")]))
stop("apiserver")
import urllib.request
def etcd(path, body):
    r = urllib.request.Request(f"http://127.0.0.1:{c.etcd_port}{path}", json.dumps(body).encode())
    return json.loads(urllib.request.urlopen(r, timeout=5).read())
key = base64.b64encode(b"/registry/endpointslices/ws/agent-2").decode()
etcd("/v3/kv/deleterange", {"key": key})
rev = etcd("/v3/kv/range", {"key": key})["header"]["revision"]
etcd("/v3/kv/compaction", {"revision": rev, "physical": True})
c.start_api("--watch-cache-sizes=endpointslices.discovery.k8s.io#0")
check("too old a watch: listed again, what went meanwhile is gone",
      until(lambda: frozen() is None and zones() == {A: (1, 1), B: (1, 1)}) is not None, shown())

check("... because the server said that our version is too old (410)", "is too old, listing again" in log_of("rezone"))

# RBAC: each denial is a line that names the cure; and back
c.role(["get"])
time.sleep(0.3)
stop("apiserver"); c.start_api()
check("RBAC denied: frozen, a line with the Role", until(lambda: frozen() == "unreachable" and "HTTP 403" in log_of("rezone")) is not None, shown())
check("... which says what is missing", "get, list and watch on endpointslices" in log_of("rezone"))
c.role(["get", "list", "watch"])
check("allowed again: current by itself", until(lambda: frozen() is None) is not None, shown())

# the token: a wrong one is 401, a rotated one counts at the next request
with open(c.path("token"), "w") as f:
    f.write("expired\n")
stop("apiserver"); c.start_api()
check("a token that is not known: 401, frozen", until(lambda: frozen() == "unreachable" and "HTTP 401" in log_of("rezone")) is not None, shown())
with open(c.path("token"), "w") as f:
    f.write("other-token\n")
check("rotated: current by itself", until(lambda: frozen() is None) is not None, shown())

# quiet: nothing happens for more than topology_max_age, and it is proved all the same
time.sleep(8)
check("a quiet watch does not age", frozen() is None and shown()["age_s"] < 4, shown())

# all agents vanish at once
c.delete("agent-1")
check("an empty answer after a full one: frozen, the agents stay", until(lambda: frozen() == "empty answer", 2) is not None and len(zones()) == 2, shown())
c.put(slice_of("agent-1", "agent", [endpoint("10.1.0.1", "a", "u1", "node-a")]))
check("they are back: over by itself", until(lambda: frozen() is None and zones() == {A: (1, 1)}, 2) is not None, shown())
# one pod in two zones
c.put(slice_of("agent-3", "agent", [endpoint("10.1.0.7", "b", "u1")]))
check("a contradiction: frozen", until(lambda: frozen() == "contradiction", 2) is not None, shown())
check("... with both sides named", "pod u1 stands in zone" in shown()["frozen_why"], shown())
c.delete("agent-3")
check("mended: over by itself", until(lambda: frozen() is None, 2) is not None, shown())

# the privileges that are used are those of the Role
r = c.call("GET", "/api/v1/namespaces/ws/pods", token="rezone-token")
check("the Role gives nothing else: pods are denied", r["_status"] == 403, r)
done()
