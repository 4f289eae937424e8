#!/usr/bin/env python3
# needs: kube
"""The chart deploy/helm/rezone: helm lints and renders it for several values, rezone itself reads the settings that come out, what
would not work is refused, the manifest is what the chart says, and a real API server with PodSecurity admission takes it."""
import copy, shutil
from lib import *
import chart
from chart import CHART, SERVICES, container, of_kind, pod_spec, refusal, render, settings_of

if chart.MISSING:
    print("ok - # SKIP " + chart.MISSING)
    sys.exit(0)
import yaml

TOPOLOGY = "agents:\n  - { address: 10.1.0.1, zone: a }\n"
EVERYTHING = {
    "mode": "enforce", "agents": {"services": SERVICES + [{"namespace": "other", "service": "produce", "group": "g", "roles": ["proxy-produce", "jobs"]},
                                                          {"namespace": "other", "service": "plain"}],
                                  "selectors": [{"namespace": "third", "selector": "app in (x, y)", "group": "sel"}], "ports": [9092, 9093]},
    "settings": {"rate": 10, "max_connections": 2000000, "exclude_clients": "billing-* audit-?", "tag_url_decode": True, "interval": "1m30s",
                 "exclude_zones": ["a", "b"], "kube_zone_label": "topology.kubernetes.io/zone"},
    "image": {"repository": "registry.example/rezone", "digest": "sha256:" + "0" * 64}, "imagePullSecrets": [{"name": "pull"}],
    "metrics": {"port": 9500, "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}}, "prometheusRule": {"enabled": True}, "dashboard": {"enabled": True}},
    "namespace": {"create": True}, "cgroupPath": "/sys/fs/cgroup/unified", "priorityClassName": "agents", "nodeSelector": {"pool": "agents"},
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "zone", "operator": "Exists"}]}]}}},
    "updateStrategy": {"type": "OnDelete", "rollingUpdate": None}, "podAnnotations": {"a/b": "1"}, "podLabels": {"team": "kafka"},
}
SETS = {
    "defaults": {},
    "one Service": {"agents": {"services": SERVICES}},
    "everything": EVERYTHING,
    "least privilege": {"privileges": "leastPrivilege", "agents": {"services": SERVICES}, "leastPrivilege": {"seLinuxOptions": {"type": "spc_t"}}},
    "a topology file": {"mode": "enforce", "topology": TOPOLOGY},
    "no metrics, somebody else's account": {"metrics": {"enabled": False}, "serviceAccount": {"create": False, "name": "mine"}, "rbac": {"create": False},
                                            "agents": {"services": SERVICES}},
}


# ---- rendered ----

def rezone_reads(text, files=()):
    """The settings as rezone reads them from this file; the reason, if it refuses."""
    path = os.path.join(WORK, "rezone.yaml")
    with open(path, "w") as f:
        f.write(text)
    r = subprocess.run([REZONE, "config", "--check", path, "-o", "json"], capture_output=True, text=True, env={})
    return (json.loads(r.stdout)["settings"] if r.returncode == 0 else None), r.stderr


got = {}
for name, values in SETS.items():
    try:
        chart.helm("lint", "--strict", CHART, values=values)
        got[name] = render(values)
        ok(f"{name}: helm lints it without a warning, and renders it")
    except chart.Refused as e:
        not_ok(f"{name}: {e}")
        done()
    settings, why = rezone_reads(settings_of(got[name]))
    check(f"{name}: rezone reads the settings that come out", settings is not None, why)
    check(f"{name}: no token but the daemon's own, no service links, a root that cannot be written to",
          pod_spec(got[name])["automountServiceAccountToken"] is False and pod_spec(got[name])["enableServiceLinks"] is False
          and all(c["securityContext"]["readOnlyRootFilesystem"] for c in pod_spec(got[name])["containers"]))

base = got["defaults"]
settings, _ = rezone_reads(settings_of(base))
check("defaults: it observes, and keeps its pins", settings["mode"]["value"] == "observe" and settings["keep_pins"]["value"] == "true", settings)
check("... knows no agents, so it has no Role and no token", not of_kind(base, "Role") and "token" not in json.dumps(pod_spec(base)))
check("... is privileged, as it says", container(base)["securityContext"]["privileged"] is True)

one = got["one Service"]
check("one Service: one Role in its namespace, for endpointslices alone, and nothing of the cluster",
      [(r["metadata"]["namespace"], r["rules"]) for r in of_kind(one, "Role")] ==
      [("warpstream", [{"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]}])]
      and not of_kind(one, "ClusterRole"), of_kind(one, "Role"))
mounted = lambda c: {m["name"] for m in c["volumeMounts"]}
check("... the token is in the daemon's container alone", "token" in mounted(container(one)) and "token" not in mounted(container(one, "serve")))
check("... and no object is cluster-wide", {o["kind"] for o in one} == {"ServiceAccount", "ConfigMap", "Role", "RoleBinding", "DaemonSet"}, {o["kind"] for o in one})

full = got["everything"]
settings, _ = rezone_reads(settings_of(full))
want = {"mode": "enforce", "rate": "10", "max_connections": "2000000", "exclude_clients": "billing-* audit-?", "interval": "1m30s", "port": "9092,9093",
        "tag_url_decode": "true", "exclude_zones": "a,b", "cgroup": "/host/sys/fs/cgroup/unified", "kube_port_name": "kafka",
        "kube_service": "warpstream/warpstream-agent=default,other/produce=g@proxy-produce+jobs,other/plain", "kube_selector": "sel:third:app in (x, y)"}
check("everything: each value is the setting that it should be", {k: settings[k]["value"] for k in want} == want,
      {k: (settings[k]["value"], v) for k, v in want.items() if settings[k]["value"] != v})
check("... a Role in each of three namespaces, and the node's label by a ClusterRole",
      sorted(r["metadata"]["namespace"] for r in of_kind(full, "Role")) == ["other", "third", "warpstream"]
      and [r["rules"] for r in of_kind(full, "ClusterRole")] == [[{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]])
spec = pod_spec(full)
check("... image by its digest; priority, selector, affinity, secrets, strategy",
      {c["image"] for c in spec["containers"]} == {"registry.example/rezone@sha256:" + "0" * 64} and spec["priorityClassName"] == "agents"
      and spec["nodeSelector"]["pool"] == "agents" and "nodeAffinity" in spec["affinity"] and spec["imagePullSecrets"] == [{"name": "pull"}]
      and of_kind(full, "DaemonSet")[0]["spec"]["updateStrategy"]["type"] == "OnDelete", spec)
check("... the namespace is labelled for PodSecurity", of_kind(full, "Namespace")[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged")
with open(os.path.join(ROOT, "deploy", "prometheus", "rezone.rules.yaml")) as f:
    rules = yaml.safe_load(f)
check("... the rules are those of deploy/prometheus", of_kind(full, "PrometheusRule")[0]["spec"] == rules)
dashboard = next(o for o in of_kind(full, "ConfigMap") if "rezone.json" in o["data"])["data"]["rezone.json"]
with open(os.path.join(ROOT, "deploy", "grafana", "rezone.json")) as f:
    check("... the dashboard is that of deploy/grafana", json.loads(dashboard) == json.load(f))
monitor = of_kind(full, "PodMonitor")[0]
ports = [p["name"] for c in spec["containers"] for p in c.get("ports", [])]
labels = of_kind(full, "DaemonSet")[0]["spec"]["template"]["metadata"]["labels"]
check("... the monitor finds the pods by labels and port that they have; the job is rezone, as in the rules",
      monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports and monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
      and labels[monitor["spec"]["jobLabel"]] == "rezone", monitor)
check("... the server listens where the monitor asks", "--listen=$(POD_IP):9500" in container(full, "serve")["args"])

least = container(got["least privilege"])["securityContext"]
check("least privilege: capabilities instead of privileged, none beside them", "privileged" not in least and least["capabilities"]["drop"] == ["ALL"]
      and least["allowPrivilegeEscalation"] is False and least["seLinuxOptions"] == {"type": "spc_t"}, least)
check("... and no propagation that the API server refuses to such containers",
      all(m.get("mountPropagation") != "Bidirectional" for m in container(got["least privilege"])["volumeMounts"]))
with open(os.path.join(ROOT, "deploy", "systemd", "rezone.service")) as f:
    unit = next(line for line in f if line.startswith("CapabilityBoundingSet=")).split("=")[1].split()
check("... they are those of the systemd unit", {"CAP_" + c for c in least["capabilities"]["add"]} == set(unit), (least, unit))

settings, _ = rezone_reads(settings_of(got["a topology file"]))
files = of_kind(got["a topology file"], "ConfigMap")[0]["data"]
with open(os.path.join(WORK, "topology.yaml"), "w") as f:
    f.write(files["topology.yaml"])
read = subprocess.run([REZONE, "topology", "--file", os.path.join(WORK, "topology.yaml"), "-o", "json"], capture_output=True, text=True)
check("a topology file: rezone reads it", read.returncode == 0 and len(json.loads(read.stdout)["agents"]) == 1, read.stderr)
check("... and it is mounted where the settings say", settings["topology"]["value"] == "/etc/rezone/topology.yaml" and
      any(m["mountPath"] == "/etc/rezone" and "subPath" not in m for m in container(got["a topology file"])["volumeMounts"]))
other = got["no metrics, somebody else's account"]
check("no metrics, somebody else's account: one container, no account, no Role", len(pod_spec(other)["containers"]) == 1
      and pod_spec(other)["serviceAccountName"] == "mine" and not of_kind(other, "ServiceAccount") + of_kind(other, "Role"))

# what is taken at once restarts no pod; what takes a restart does
stamp = lambda settings, **more: of_kind(render({"agents": {"services": SERVICES}, "settings": settings, **more}), "DaemonSet")[0]["spec"]["template"]
check("a change that is taken at once leaves the pods alone", stamp({}) == stamp({"rate": 9, "exclude_zones": "a"}) == stamp({}, mode="enforce"))
check("... one that takes a restart restarts them", stamp({}) != stamp({"max_connections": 1000}) and stamp({}) != stamp({"kube_zone_label": "x"}))
known, _ = rezone_reads("mode: observe\n")
with open(os.path.join(CHART, "files", "settings.json")) as f:
    listed = json.load(f)
check("the chart knows rezone's settings, and which take a restart (make docs)",
      {**{k: False for k in listed["at_once"]}, **{k: True for k in listed["restart"]}} == {k: v["restart"] for k, v in known.items()})

# ---- refused ----

for values, words in [
    ({"mode": "enforce"}, "enforce without a source of agents"),
    ({"mode": "enforc"}, "mode"),
    ({"settings": {"rat": 1}}, "settings.rat: rezone has no such setting"),
    ({"settings": {"mode": "enforce"}}, "settings.mode: set mode of the chart instead"),
    ({"settings": {"kube_service": "a/b"}}, "set agents.services of the chart instead"),
    ({"settings": {"pin_dir": "/x"}}, "settings.pin_dir"),
    ({"modes": {}}, "modes"),
    ({"agents": {"services": [{"namespace": "x"}]}}, "service"),
    ({"agents": {"services": [{"namespace": "x", "service": "y", "roles": ["proxy"]}]}}, "group"),
    ({"agents": {"services": [{"namespace": "x", "service": "y", "group": "a=b"}]}}, "pattern"),
    ({"agents": {"ports": list(range(1, 10))}}, "ports"),
    ({"leastPrivilege": {"capabilities": ["CAP_BPF"]}}, "capabilities"),
    ({"privileges": "none"}, "privileges"),
    ({"image": {"digest": "sha256:1"}}, "digest"),
]:
    why = refusal(values)
    check(f"refused: {json.dumps(values)}", why is not None and words in why, why)

# ---- the manifest, the archive ----

made = subprocess.run([os.path.join(ROOT, "scripts", "manifests"), "--check"], capture_output=True, text=True)
check("deploy/rezone.yaml is what the chart says", made.returncode == 0, made.stdout + made.stderr)
with open(os.path.join(ROOT, "VERSION")) as f, open(os.path.join(CHART, "Chart.yaml")) as g:
    release, about = f.read().strip(), yaml.safe_load(g)
check("the chart's number is the release's", about["version"] == about["appVersion"] == release, about)
chart.helm("package", CHART, "--destination", WORK)
check("its archive renders the same", render(EVERYTHING, chart=f"{WORK}/rezone-{release}.tgz") == full)

# ---- a real API server, with PodSecurity admission, and the controller that makes a DaemonSet's pods ----

c = Cluster()
c.start("--allow-privileged=true")
c.kubeconfig()
spawn("controller", [SERVERS + "/kube-controller-manager", "--kubeconfig", c.path("kubeconfig"), "--controllers=daemonset-controller,garbage-collector-controller",
                     "--leader-elect=false", "--secure-port=0"])
c.node("node-a", "a")
c.node("node-b", "b")
kube = {"KUBECONFIG": c.path("kubeconfig")}
kubectl = lambda *a: subprocess.run([chart.TOOLS + "/kubectl", *a], capture_output=True, text=True, env={**os.environ, **kube}, timeout=60)
r = kubectl("apply", "--server-side", "-f", chart.TOOLS + "/crds")
check("the Prometheus operator's own definitions are there", r.returncode == 0, r.stderr)
for ns in ("warpstream", "other", "third"):
    c.call("POST", "/api/v1/namespaces", {"metadata": {"name": ns}})
pods = lambda ns: c.call("GET", f"/api/v1/namespaces/{ns}/pods")["items"]
waiting = lambda ns: [e["message"] for e in c.call("GET", f"/api/v1/namespaces/{ns}/events")["items"] if e["reason"] == "FailedCreate"]

for level in ("baseline", "restricted"):
    c.call("POST", "/api/v1/namespaces", {"metadata": {"name": level, "labels": {"pod-security.kubernetes.io/enforce": level}}})
    chart.helm("install", "rezone", CHART, "--namespace", level, values={"agents": {"services": SERVICES}}, env=kube)
    check(f"a namespace of level {level}: no pod starts, and an event says why",
          until(lambda: any(f'violates PodSecurity "{level}:latest"' in m for m in waiting(level))) is not None and not pods(level), waiting(level))
    note(waiting(level)[:1])
    chart.helm("uninstall", "rezone", "--namespace", level, env=kube)

for name, values in SETS.items():
    if values.get("namespace"):
        values = {**values, "namespace": {"create": False}} # helm will not take over what --create-namespace made
    chart.helm("install", "rezone", CHART, "--namespace", "rezone", "--create-namespace", values=values, env=kube)
    c.call("PATCH", "/api/v1/namespaces/rezone", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}, type="application/merge-patch+json")
    nodes = 0 if "nodeSelector" in values else 2
    check(f"{name}: installed, with a pod on each node that it is for", until(lambda: len(pods("rezone")) == nodes, 15 if nodes else 2) is not None,
          waiting("rezone"))
    have = c.call("GET", "/apis/apps/v1/namespaces/rezone/daemonsets/rezone")["spec"]["template"]["spec"]
    check("... no field of it is lost on the server", chart.within(pod_spec(render(values)), have), have)
    chart.helm("upgrade", "rezone", CHART, "--namespace", "rezone", "--reset-values", values={**values, "mode": "observe"}, env=kube)
    chart.helm("uninstall", "rezone", "--namespace", "rezone", env=kube)
    until(lambda: not pods("rezone"))
r = kubectl("apply", "-f", os.path.join(ROOT, "deploy", "rezone.yaml"))
check("deploy/rezone.yaml is applied, with a pod on each node", r.returncode == 0 and until(lambda: len(pods("rezone")) == 2) is not None, r.stderr)
r = kubectl("delete", "-f", os.path.join(ROOT, "deploy", "rezone.yaml"), "--wait=false")
left = {o["kind"] + "/" + o["metadata"]["name"] for o in json.loads(kubectl("get", "-A", "-o", "json",
        "daemonsets,roles,rolebindings,clusterroles,clusterrolebindings,serviceaccounts,podmonitors,prometheusrules,configmaps").stdout)["items"]
        if "rezone" in o["metadata"]["name"] and o["metadata"].get("namespace") not in ("ws",)}
check("and after all of it no object of rezone's is left", left == set(), left)
done()
