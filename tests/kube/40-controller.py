#!/usr/bin/env python3
# needs: kube
"""Slices made by the real endpointslice controller, from Pods, Nodes and a Service: two families, the chart's metrics pod, a
pod that terminates, a node whose zone changes."""
from lib import *

c = Cluster()
c.start()
spawn("controller", [SERVERS + "/kube-controller-manager", "--kubeconfig", c.kubeconfig(), "--controllers=endpointslice-controller",
                     "--leader-elect=false", "--secure-port=0"])

for z in "ab":
    c.apply(f"/api/v1/nodes/node-{z}", {"metadata": {"name": f"node-{z}", "labels": {"topology.kubernetes.io/zone": z}}})
c.apply("/api/v1/namespaces/ws/services/agent", {"metadata": {"name": "agent"}, "spec": {
    "clusterIP": "None", "selector": {"app.kubernetes.io/name": "warpstream-agent"}, "publishNotReadyAddresses": False,
    "ports": [{"name": "kafka", "port": 9092, "targetPort": "kafka"}, {"name": "http", "port": 8080, "targetPort": "http"}]}})


def pod(name, node, ip, ready=True, ports=("kafka", "http")):
    numbers = {"kafka": 9092, "http": 8080}
    c.call("POST", "/api/v1/namespaces/ws/pods", {"metadata": {"name": name, "labels": {"app.kubernetes.io/name": "warpstream-agent"}, "finalizers": ["rezone.test/hold"]}, "spec": {
        "nodeName": node, "containers": [{"name": "c", "image": "x", "ports": [{"name": p, "containerPort": numbers[p]} for p in ports]}],
        "terminationGracePeriodSeconds": 300}})
    status(name, ip, ready)


def status(name, ip, ready):
    c.call("PATCH", f"/api/v1/namespaces/ws/pods/{name}/status", {"status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
           "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}}, type="application/merge-patch+json")


def slices():
    return c.call("GET", c.slices())["items"]


def reported(f):
    """When the server has it, the maps have a second."""
    if until(lambda: f([e for s in slices() if any(p.get("name") == "kafka" for p in s.get("ports") or []) for e in s["endpoints"] or []])) is None:
        not_ok("the controller does its work")
        note(log_of("controller")[-800:])


rezone(*c.flags(service="ws/agent=default"), "--node-name", "node-b", "--topology-empty-confirm", "1s")
A, B = ("default", "a"), ("default", "b")
pod("p1", "node-a", "10.1.0.1")
pod("p2", "node-b", "10.1.0.2")
pod("metrics", "node-b", "10.1.0.3", ports=("http",))
reported(lambda e: len(e) == 2)
follows("two agents and the metrics pod", {A: (1, 1), B: (1, 1)})
check("the own zone is that of this node's agent", shown()["own_zone"] == "b", shown())
status("p2", "10.1.0.2", False)
reported(lambda e: any(not x["conditions"]["ready"] for x in e))
follows("a pod gets unready", {A: (1, 1), B: (1, 0)})
status("p2", "10.1.0.2", True)
reported(lambda e: all(x["conditions"]["ready"] for x in e) and len(e) == 2)
follows("... and ready", {A: (1, 1), B: (1, 1)})
pod("p3", "node-b", "10.1.0.4")
reported(lambda e: len(e) == 3)
follows("scale", {A: (1, 1), B: (2, 2)})
c.call("DELETE", "/api/v1/namespaces/ws/pods/p3")
reported(lambda e: any(x["conditions"].get("terminating") for x in e))
follows("a pod that terminates and still serves is no target", {A: (1, 1), B: (2, 1)})
c.call("PATCH", "/api/v1/namespaces/ws/pods/p3", {"metadata": {"finalizers": None}}, type="application/merge-patch+json")
c.call("DELETE", "/api/v1/namespaces/ws/pods/p3?gracePeriodSeconds=0")
reported(lambda e: len(e) == 2)
follows("... and is gone", {A: (1, 1), B: (1, 1)})
done()
