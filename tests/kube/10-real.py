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
check("nothing was frozen so far", shown()["freezes"] == 0, events("freeze"))

# killed: frozen, nobody is moved, what was known stays; then it goes on where it was
stop("apiserver")
check("API server killed: frozen", until(lambda: frozen() == "unreachable") is not None, shown())
check("... and what was known stays", zones() == {A: (1, 1), B: (1, 1)}, zones())
time.sleep(1)
c.start_api()
c.put(slice_of("agent-2", "agent", [endpoint("10.1.0.3", "c", "u3")]))
check("restarted: current again by itself", until(lambda: frozen() is None and zones() == {A: (1, 1), B: (1, 1), C: (1, 1)}) is not None, shown())
n = len(events("freeze"))
check("one event says so, and the counter is 1", n == 1 and shown()["freezes"] == 1, n)

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
# the server said 410, or 500 (an event whose past is compacted), or the proof beside the watch found it first; 20-faults has
# each way by itself

# RBAC: each denial is a line that names the cure; and back
c.role(["get"])
time.sleep(0.3)
stop("apiserver"); c.start_api()
check("RBAC denied: frozen, with the server's word", until(lambda: frozen() == "unreachable" and "HTTP 403" in shown()["frozen_why"]) is not None, shown())
check("... and what is missing", "endpointslices" in faults(), faults())
c.role(["get", "list", "watch"])
check("allowed again: current by itself", until(lambda: frozen() is None) is not None, shown())

# the token of a service account: one that has expired is 401, a rotated one counts at the next request
uid = c.apply("/api/v1/namespaces/ws/serviceaccounts/rezone", {"metadata": {"name": "rezone"}})["metadata"]["uid"]
def token(text):
    with open(c.path("token.new"), "w") as f:
        f.write(text + "\n")
    os.replace(c.path("token.new"), c.path("token"))
def watched():
    """has the API server a watch of ours that is open? A token is looked at when a request begins"""
    gauges = c.call("GET", "/metrics", raw=True).decode().splitlines()
    return any('resource="endpointslices"' in g and 'scope="namespace"' in g and 'verb="WATCH"' in g and not g.endswith(" 0")
               for g in gauges if g.startswith("apiserver_longrunning_requests{"))
check("the watch is open", until(watched) is not None, shown())
token(c.jwt(uid, -300))
check("an expired token: 401, while the watch that is open still works", until(lambda: "HTTP 401" in faults()) is not None and frozen() in (None, "stale"), shown())
stop("apiserver"); c.start_api()
check("... and after a restart: frozen", until(lambda: frozen() == "unreachable" and "HTTP 401" in shown()["frozen_why"]) is not None, shown())
token(c.jwt(uid, 3600))
check("rotated: current by itself", until(lambda: frozen() is None) is not None, shown())

# quiet: nothing happens for more than topology_max_age, and it is proved all the same
time.sleep(8)
check("a quiet watch does not age", frozen() is None and shown()["age_s"] < 4, shown())

# all agents vanish at once
c.delete("agent-1")
check("an empty answer after a full one: frozen, the agents stay", until(lambda: frozen() == "empty answer") is not None and len(zones()) == 2, shown())
c.put(slice_of("agent-1", "agent", [endpoint("10.1.0.1", "a", "u1", "node-a")]))
check("they are back: over by itself", until(lambda: frozen() is None and zones() == {A: (1, 1)}) is not None, shown())
# one pod in two zones
c.put(slice_of("agent-3", "agent", [endpoint("10.1.0.7", "b", "u1")]))
check("a contradiction: frozen", until(lambda: frozen() == "contradiction") is not None, shown())
check("... with both sides named", "pod u1 stands in zone" in shown()["frozen_why"], shown())
c.delete("agent-3")
check("mended: over by itself", until(lambda: frozen() is None) is not None, shown())

# by labels, with a list of several pages, and this node's zone by its label
stop("rezone", signal.SIGTERM)
for i in range(60):
    one = slice_of(f"lab-{i}", f"svc-{i % 3}", [endpoint(f"10.3.{i}.1", "z", f"lab-{i}", "node-z")])
    one["metadata"]["labels"]["app"] = "lab"
    c.put(one)
c.apply("/api/v1/nodes/node-q", {"metadata": {"name": "node-q", "labels": {"topology.kubernetes.io/zone": "q"}}})
flags = c.flags(token=c.jwt(uid, 3600))[:6] + ["--kube-selector", "sel@proxy:ws:app in (lab, other)", "--node-name", "node-q", "--kube-zone-label", "topology.kubernetes.io/zone"]
rezone(*flags, "--topology-max-age", "6s", "--log-level", "debug")
check("a selector; 60 slices on two pages", until(lambda: zones() == {("sel@proxy", "z"): (60, 60)}) is not None, shown())
check("the node's label may not be read: the zone stays unknown", until(lambda: shown()["own_zone"], 2) is None, shown())
rbac = "/apis/rbac.authorization.k8s.io/v1/"
c.apply(rbac + "clusterroles/nodes", {"metadata": {"name": "nodes"}, "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]})
c.apply(rbac + "clusterrolebindings/nodes", {"metadata": {"name": "nodes"}, "subjects": [{"kind": "ServiceAccount", "name": "rezone", "namespace": "ws"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "nodes"}})
stop("rezone", signal.SIGTERM)
rezone(*flags, "--topology-max-age", "6s")
check("... and where it may: the own zone, and from where", until(lambda: shown()["own_zone"] == "q") is not None and shown()["own_zone_from"] == "the node's label", shown())

# the privileges that are used are those of the Role
r = c.call("GET", "/api/v1/namespaces/ws/pods", token="rezone-token")
check("the Role gives nothing else: pods are denied", r["_status"] == 403, r)
done()
