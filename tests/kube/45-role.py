#!/usr/bin/env python3
# needs: kube
"""The Role of deploy/rezone.yaml: enough for the default set-up, all of it is used or named, and everything else is denied."""
import re
from lib import *

with open(os.path.join(ROOT, "deploy", "rezone.yaml")) as f:
    docs = f.read().split("\n---\n")
role = [d for d in docs if re.search(r"^kind: (Cluster)?Role$", d, re.M)]
check("deploy/ has one Role, and it is namespaced", len(role) == 1 and "kind: Role" in role[0] and "namespace:" in role[0])
check("no ClusterRoleBinding", not any("ClusterRoleBinding" in d for d in docs))
rules = json.loads(re.search(r"^rules: (.*)$", role[0], re.M).group(1))

c = Cluster()
policy = c.path("audit.yaml")
with open(policy, "w") as f:
    f.write('{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Metadata","users":["rezone"],"omitStages":["RequestReceived"]}]}')
c.start("--audit-policy-file", policy, "--audit-log-path", c.path("audit.log"))
c.apply("/apis/rbac.authorization.k8s.io/v1/namespaces/ws/roles/rezone", {"metadata": {"name": "rezone"}, "rules": rules})
c.put(slice_of("agent-1", "agent", [endpoint("10.1.0.1", "a", "u1", "node-a")]))
rezone(*c.flags(service="ws/agent=default"), "--node-name", "node-a", "--topology-max-age", "3s")
check("the default set-up works with it", until(lambda: shown()["own_zone"] == "a" and frozen() is None) is not None, shown())
until(lambda: os.path.exists(c.path("audit.log")) and '"verb":"watch"' in open(c.path("audit.log")).read(), 10)
time.sleep(2)
stop("rezone")
with open(c.path("audit.log")) as f:
    seen = {(e["verb"], e["objectRef"]["resource"], e["objectRef"].get("namespace"), e["responseStatus"]["code"]) for e in map(json.loads, f)}
check("all that rezone asked for was list and watch of endpointslices there, and allowed",
      seen and {x[0] for x in seen} <= {"list", "watch"} and {x[1:] for x in seen} == {("endpointslices", "ws", 200)}, seen)


def allowed(verb, group, resource, ns):
    r = c.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {"user": "rezone", "resourceAttributes": {
        "verb": verb, "group": group, "resource": resource, "namespace": ns}}})
    return r["status"]["allowed"]


verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
things = [("", r) for r in ("pods", "nodes", "secrets", "configmaps", "services", "endpoints", "namespaces", "serviceaccounts", "events")] + [
    ("discovery.k8s.io", "endpointslices"), ("apps", "deployments"), ("apps", "daemonsets"), ("rbac.authorization.k8s.io", "roles"),
    ("coordination.k8s.io", "leases"), ("*", "*")]
got = {(v, r, ns) for v in verbs for g, r in things for ns in ("ws", "default", "kube-system", "") if allowed(v, g, r, ns)}
check("everything else is denied: eight verbs, fifteen resources, four namespaces",
      got == {(v, "endpointslices", "ws") for v in ("get", "list", "watch")}, got)
done()
