#!/usr/bin/env python3
# needs: kube
"""kubectl rezone by a user's own rights: the real kubectl against a real API server's RBAC, one user for each set of rights. Who may do
less sees less, and is told what is missing; who may not delete the DaemonSet tells no daemon to leave.

There is no kubelet: what `kubectl exec` would bring is a file of ours, for users whom the API server allows exec; the others get the
API server's own refusal.
"""
from lib import *
import chart

if not chart.TOOLS:
    print("ok - # SKIP kubectl is not built: scripts/counterparts helm")
    sys.exit(0)
RBAC = "/apis/rbac.authorization.k8s.io/v1/"
SHOP, DAEMONS = "shop", "rezone"
c = Cluster()
c.start()
c.kubeconfig()
for ns in (SHOP, DAEMONS):
    c.call("POST", "/api/v1/namespaces", {"metadata": {"name": ns}})


def pod(ns, name, node, ip, container, labels):
    c.call("POST", f"/api/v1/namespaces/{ns}/pods", {"metadata": {"name": name, "labels": labels}, "spec": {
        "nodeName": node, "containers": [{"name": container, "image": "x"}]}})
    running = [{"name": container, "state": {"running": {}}, "ready": True, "image": "x", "imageID": "x", "restartCount": 0}]
    return c.call("PATCH", f"/api/v1/namespaces/{ns}/pods/{name}/status", {"status": {
        "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "containerStatuses": running}}, type="application/merge-patch+json")


labels = {"app": "rezone"}
c.apply(f"/apis/apps/v1/namespaces/{DAEMONS}/daemonsets/rezone", {"metadata": {"name": "rezone"}, "spec": {"selector": {"matchLabels": labels}, "template": {
    "metadata": {"labels": labels}, "spec": {"containers": [{"name": "rezone", "image": "x"}]}}}})
for z in "ab":
    pod(DAEMONS, "rezone-" + z, "node-" + z, "10.9.0.1", "rezone", labels)
r = pod(SHOP, "orders-0", "node-a", "10.1.0.7", "app", {})
check("the API server has the pods", r["_status"] == 200, r)

# ---- exec, for those who may ----
os.makedirs(WORK + "/bin")
os.makedirs(WORK + "/says")
row = {"cookie": 1, "client": "10.1.0.7:4000", "agent": "10.0.0.9:9092", "client_id": "orders", "client_zone": "b", "agent_zone": "a", "locality": "cross",
       "kind": "data", "rx_bytes": 1, "tx_bytes": 2, "verdict": "keep", "reason": "paused", "age_s": 3.5}
says = {"list": [row], "uninstall": {"result": "when the daemon ends"}, "pause": {"result": "paused", "pause": None}, "status": {
    "health": "healthy", "faults": [], "mode": "enforce", "own_zone": "a", "version": "1", "topology": {"ready": 2, "agents": 3},
    "connections": {"same": 5, "cross": 2, "unknown": 1, "would_move": 1}, "moves": {"moved": 4, "home": 1, "left": 2, "returned": 0}}}
for word, answer in says.items():
    with open(f"{WORK}/says/{word}", "w") as f:
        json.dump(answer, f)
with open(WORK + "/bin/kubectl", "w") as f:
    f.write(f"""#!/bin/sh
real={chart.TOOLS}/kubectl
case " $* " in
*" exec "*)
	if "$real" -n {DAEMONS} auth can-i get pods >/dev/null && "$real" -n {DAEMONS} auth can-i create pods --subresource exec >/dev/null; then
		while [ "$1" != -- ]; do shift; done
		echo "$*" >>{WORK}/calls
		exec cat "{WORK}/says/$3"
	fi ;;
esac
exec "$real" "$@"
""")
os.chmod(WORK + "/bin/kubectl", 0o755)

# ---- users ----
OWN = [("apps", "daemonsets", ["get"]), ("", "pods", ["get", "list"])]
EXEC, DELETE = ("", "pods/exec", ["create"]), ("apps", "daemonsets", ["delete"])


def user(name, own=(), everywhere=()):
    """A user with these rights in rezone's namespace, and these in all; the path of its kubeconfig"""
    subject = [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}]
    for rights, kind, at in ((own, "Role", f"namespaces/{DAEMONS}/"), (everywhere, "ClusterRole", "")):
        many = kind.lower() + "s"
        c.apply(f"{RBAC}{at}{many}/{name}", {"metadata": {"name": name}, "rules": [
            {"apiGroups": [group], "resources": [resource], "verbs": verbs} for group, resource, verbs in rights]})
        binding = kind + "Binding"
        c.apply(f"{RBAC}{at}{binding.lower()}s/{name}", {"metadata": {"name": name}, "subjects": subject,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}})
    with open(c.path("kubeconfig")) as f:
        conf = json.load(f)
    conf["users"][0]["user"]["as"] = name # root acts as this user: the API server judges by the user's rights
    with open(c.path(name), "w") as f:
        json.dump(conf, f)


def run(name, *args):
    with open(WORK + "/calls", "w"):
        pass
    r = subprocess.run([os.path.join(ROOT, "deploy", "kubectl-rezone"), *args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                       env={**os.environ, "KUBECONFIG": c.path(name), "PATH": WORK + "/bin:" + os.environ["PATH"]})
    with open(WORK + "/calls") as f:
        return r.returncode, r.stdout, r.stderr, f.read().splitlines()


user("operator", OWN + [EXEC, DELETE], [("", "pods", ["list"])])
user("own-namespace", OWN + [EXEC])
user("viewer", OWN)
user("no-get", [OWN[0], ("", "pods", ["list"]), EXEC])
user("no-pods", OWN[:1] + [EXEC])
user("nobody")
allowed = lambda: c.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {"user": "operator", "resourceAttributes": {
    "verb": "delete", "group": "apps", "resource": "daemonsets", "namespace": DAEMONS}}})["status"]["allowed"]
check("the API server knows the rights", until(allowed) is not None)

rc, out, err, _ = run("operator", "status")
check("all rights: both nodes, and 0", rc == 0 and [w.split()[:2] for w in out.splitlines()[1:3]] == [["node-a", "healthy"], ["node-b", "healthy"]] and not err, (rc, out, err))
rc, out, err, _ = run("operator", "list", "-o", "json")
check("... clients have their workload", rc == 0 and {(i["node"], i["namespace"], i["workload"]) for i in json.loads(out)["items"]} ==
      {("node-a", SHOP, "pod/orders-0"), ("node-b", SHOP, "pod/orders-0")}, (rc, out, err))
rc, out, err, calls = run("operator", "pause", "--for", "1h")
check("... a pause names the user as the API server does", rc == 0 and len(calls) == 2 and all("--by operator " in w + " " for w in calls), (rc, err, calls))

rc, out, err, _ = run("own-namespace", "list")
check("no right to list all pods: addresses, a line that says why, and 0", rc == 0 and out.count("10.1.0.7:4000") == 2 and SHOP not in out and
      "may not list the pods of all namespaces" in err and "forbidden" in err, (rc, out, err))
rc, out, err, _ = run("own-namespace", "status")
check("... status is as any other's", rc == 0 and out.count(" healthy ") == 2 and not err, (rc, out, err))
rc, out, err, calls = run("own-namespace", "uninstall", "--yes")
left = c.call("GET", f"/apis/apps/v1/namespaces/{DAEMONS}/daemonsets/rezone")["_status"]
check("no right to delete the DaemonSet: uninstall says so, and no daemon is told to leave", rc == 1 and left == 200 and not calls and
      "may not delete" in err, (rc, err, left, calls))

rc, out, err, calls = run("viewer", "status")
check("no right to exec: each node is named with the API server's word, and 1", rc == 1 and not calls and " healthy " not in out and
      all(f"node-{z} (pod rezone-{z})" in err for z in "ab") and err.count("forbidden") == 2 and "2 of 2 nodes" in err, (rc, out, err))
rc, out, err, _ = run("viewer", "status", "-o", "json")
check("... in JSON, too", rc == 1 and json.loads(out)["items"] == [] and [f["node"] for f in json.loads(out)["failed"]] == ["node-a", "node-b"] and
      all('cannot create resource "pods/exec"' in f["why"] for f in json.loads(out)["failed"]), (rc, out, err))
rc, out, err, calls = run("viewer", "uninstall", "--yes", "--force")
check("... uninstall by force deletes nothing either", rc == 1 and not calls and "may not delete" in err, (rc, err, calls))

rc, out, err, _ = run("no-get", "status")
check("no right to get pods, which kubectl exec does first: the same", rc == 1 and err.count('cannot get resource "pods"') == 2, (rc, out, err))
rc, out, err, _ = run("no-pods", "status")
check("no right to list rezone's pods: 1, and what is missing", rc == 1 and not out and 'cannot list resource "pods"' in err, (rc, out, err))
rc, out, err, _ = run("nobody", "status")
check("no right at all: 1, and what is missing", rc == 1 and not out and 'cannot get resource "daemonsets"' in err and "that you may read" in err, (rc, out, err))

rc, out, err, _ = run("operator", "uninstall", "--yes")
check("all rights: the daemons are told, the DaemonSet is gone", rc == 0 and until(lambda: c.call("GET", f"/apis/apps/v1/namespaces/{DAEMONS}/daemonsets/rezone")["_status"] == 404)
      is not None, (rc, err))
done()
