#!/usr/bin/env python3
"""Each value of the chart's values.yaml, changed alone: the objects that should change do, and no others. So no value is dead, and a
new one without a row here fails. Then nonsense at each place: the schema refuses it, and names the place. No API server: helm renders."""
import copy
from concurrent.futures import ThreadPoolExecutor
from lib import *
import chart
from chart import CHART, SERVICES, refusal, render

if chart.MISSING:
    print("ok - # SKIP " + chart.MISSING)
    sys.exit(0)
import yaml

with open(os.path.join(CHART, "values.yaml")) as f:
    VALUES = yaml.safe_load(f)
# folders of values whose content is Kubernetes' or the operator's: a value each, as a whole
WHOLE = {"settings", "affinity", "nodeSelector", "podAnnotations", "podLabels", "livenessProbe", "readinessProbe", "updateStrategy", "resources",
         "metrics.resources", "serviceAccount.annotations", "metrics.podMonitor.labels", "metrics.prometheusRule.labels", "metrics.dashboard.labels",
         "leastPrivilege.seccompProfile", "leastPrivilege.appArmorProfile", "leastPrivilege.seLinuxOptions"}
SELECTOR = [{"namespace": "third", "selector": "app=x", "group": "g"}]
OTHER = [{"namespace": "other", "service": "s", "group": "g"}]
PROBE = {"exec": {"command": ["rezone", "status"]}}
MEMORY = {"limits": {"memory": "1Gi"}}
LEAST = {"privileges": "leastPrivilege"}
SOURCE = {"agents": {"services": SERVICES}}
BINDINGS = {"Role", "RoleBinding"}
D, C = {"DaemonSet"}, {"ConfigMap"}


def metrics(kind):
    return {"metrics": {kind: {"enabled": True}}}


# value: another one, the kinds of objects that change by it, the values beside which it matters
ROWS = {
    "image.repository": ("registry.example/rezone", D),
    "image.tag": ("9", D),
    "image.digest": ("sha256:" + "1" * 64, D),
    "image.pullPolicy": ("Always", D),
    "imagePullSecrets": ([{"name": "pull"}], D),
    "mode": ("enforce", C, SOURCE),
    # a change of the sources takes a restart, so the DaemonSet changes too
    "agents.services": (OTHER, C | D | BINDINGS, SOURCE),
    "agents.selectors": (SELECTOR, C | D | BINDINGS, SOURCE),
    "agents.portName": ("other", C | D, SOURCE),
    "agents.ports": ([9092, 9093], C | D),
    "topology": ("agents: []\n", C | D),
    "settings": ({"rate": 7}, C),
    "privileges": ("leastPrivilege", D),
    "leastPrivilege.capabilities": (["BPF"], D, LEAST),
    "leastPrivilege.seccompProfile": ({"type": "RuntimeDefault"}, D, LEAST),
    "leastPrivilege.appArmorProfile": ({"type": "RuntimeDefault"}, D, LEAST),
    "leastPrivilege.seLinuxOptions": ({"type": "spc_t"}, D, LEAST),
    "cgroupPath": ("/sys/fs/cgroup/unified", C | D),
    "namespace.create": (True, {"Namespace"}),
    "serviceAccount.create": (False, {"ServiceAccount"} | D),
    "serviceAccount.name": ("other", {"ServiceAccount", "RoleBinding"} | D, SOURCE),
    "serviceAccount.annotations": ({"a": "b"}, {"ServiceAccount"}),
    "rbac.create": (False, BINDINGS, SOURCE),
    "metrics.enabled": (False, D),
    "metrics.port": (9500, D),
    "metrics.resources": (MEMORY, D),
    "metrics.podMonitor.enabled": (True, {"PodMonitor"}),
    "metrics.podMonitor.interval": ("10s", {"PodMonitor"}, metrics("podMonitor")),
    "metrics.podMonitor.labels": ({"a": "b"}, {"PodMonitor"}, metrics("podMonitor")),
    "metrics.prometheusRule.enabled": (True, {"PrometheusRule"}),
    "metrics.prometheusRule.labels": ({"a": "b"}, {"PrometheusRule"}, metrics("prometheusRule")),
    "metrics.dashboard.enabled": (True, C),
    "metrics.dashboard.labels": ({"a": "b"}, C, metrics("dashboard")),
    "resources": (MEMORY, D),
    "nodeSelector": ({"pool": "agents"}, D),
    "affinity": ({"nodeAffinity": {}}, D),
    "tolerations": ([], D),
    "priorityClassName": ("agents", D),
    "updateStrategy": ({"type": "OnDelete", "rollingUpdate": None}, D),
    "terminationGracePeriodSeconds": (11, D),
    "podAnnotations": ({"a": "b"}, D),
    "podLabels": ({"a": "b"}, D),
    "livenessProbe": (PROBE, D),
    "readinessProbe": (PROBE, D),
}


def leaves(values, path=""):
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if isinstance(value, dict) and here not in WHOLE:
            yield from leaves(value, here)
        else:
            yield here


def nested(path, value):
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def merged(a, b):
    """Both; what b has goes over what a has."""
    out = copy.deepcopy(a)
    for key, value in b.items():
        out[key] = merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def by_kind(objects):
    """Each kind's objects in a form that can be compared."""
    out = {}
    for o in objects:
        out.setdefault(o["kind"], []).append(json.dumps(o, sort_keys=True))
    return {kind: sorted(texts) for kind, texts in out.items()}


def changed_kinds(row):
    path, (value, _, *beside) = row
    beside = beside[0] if beside else {}
    before, after = by_kind(render(beside)), by_kind(render(merged(beside, nested(path, value))))
    return {kind for kind in before.keys() | after.keys() if before.get(kind) != after.get(kind)}


known = set(leaves(VALUES))
check("there is a row here for each value of values.yaml, and no other", known == ROWS.keys(), known ^ ROWS.keys())
try:
    with ThreadPoolExecutor(2) as pool:
        for (path, row), kinds in zip(ROWS.items(), pool.map(changed_kinds, ROWS.items())):
            check(f"{path}: another value changes {', '.join(sorted(row[1]))} alone", kinds == row[1], kinds)
except chart.Refused as e:
    not_ok(f"a row's values are refused: {e}")

# ---- settings ----

with open(os.path.join(CHART, "files", "settings.json")) as f:
    LISTED = json.load(f)
with open(WORK + "/defaults.yaml", "w") as f:
    f.write("mode: observe\n")
r = subprocess.run([REZONE, "config", "--check", f.name, "-o", "json"], capture_output=True, text=True, env={})
OF_THE_CHART = {"mode", "cgroup", "port", "kube_service", "kube_selector", "kube_port_name", "topology", "listen", "pin_dir", "node_name"}
defaults = {k: v["value"] for k, v in json.loads(r.stdout)["settings"].items() if v["value"] is not None and k not in OF_THE_CHART}
why = refusal({"settings": defaults})
check("each setting may have the value that is its default", why is None and len(defaults) > 40, why)
check("the chart knows each setting's form, and the words of each that is a word",
      LISTED["forms"].keys() == {*LISTED["at_once"], *LISTED["restart"]}
      and all(len(LISTED["words"][k]) > 1 for k, form in LISTED["forms"].items() if form == "WORD"), LISTED)

# ---- nonsense ----


def places(schema_errors):
    """Where helm says that something is wrong, as a path with dots; and the names that it does not know."""
    for line in (schema_errors or "").splitlines():
        words = line.strip().split("'")
        if line.strip().startswith("- at '"):
            yield words[1].lstrip("/").replace("/", ".")
            if "not allowed" in line:
                yield from (f"{words[1].lstrip('/').replace('/', '.')}.{name}".lstrip(".") for name in words[3::2])


wrong = {}
for path in known:
    default = VALUES
    for key in path.split("."):
        default = default[key]
    wrong = merged(wrong, nested(path, "nonsense" if isinstance(default, (list, dict, int)) else ["nonsense"]))
named = set(places(refusal(wrong)))
check("a value of another type is refused at each place, by its name", known <= named, known - named)

folders = {p.rsplit(".", n)[0] for p in known for n in range(1, p.count(".") + 1)}
unknown = {"nonsense"} | {f + ".nonsense" for f in folders | (WHOLE & {"affinity", "livenessProbe", "readinessProbe", "updateStrategy", "resources",
                                                                     "metrics.resources", "leastPrivilege.seccompProfile", "leastPrivilege.seLinuxOptions"})}
wrong = {}
for path in unknown:
    wrong = merged(wrong, nested(path, 1))
named = set(places(refusal(wrong)))
check("a name that the chart does not know is refused in each folder, by its name", unknown <= named, unknown - named)

for values, words in [
    ({"podLabels": {"app.kubernetes.io/name": "x"}}, "podLabels: app.kubernetes.io/name is the chart's own"),
    ({"podAnnotations": {"rezone/restart": "x"}}, "podAnnotations: rezone/restart is the chart's own"),
    ({"metrics": {"enabled": False, "podMonitor": {"enabled": True}}}, "metrics.podMonitor.enabled without metrics.enabled"),
    ({"resources": {"limits": {"memory": "288Mib"}}}, "/resources/limits/memory"),
    ({"tolerations": [{"operator": "Exist"}]}, "/tolerations/0/operator"),
    ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": "ten"}}}, "/updateStrategy/rollingUpdate/maxUnavailable"),
    ({"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}}, "/updateStrategy/rollingUpdate/maxSurge"),
    ({"cgroupPath": "/sys/fs/cgroup, type: x"}, "/cgroupPath"),
    ({"priorityClassName": "A b"}, "/priorityClassName"),
    ({"settings": {"exclude_zones": [{"a": 1}]}}, "/settings/exclude_zones/0"),
    ({"settings": {"interval": 30}}, "settings.interval: 30 is no duration"),
    ({"settings": {"rate": "many"}}, 'settings.rate: "many" is no number'),
    ({"settings": {"cloud": False}}, "settings.cloud: false is not among auto, off"), # YAML's off
    ({"settings": {"opt_in": ["tag"]}}, 'settings.opt_in: ["tag"] is not among tag, zone, any'),
    ({"settings": {"paused": "yes"}}, 'settings.paused: "yes" is neither true nor false'),
]:
    why = refusal(values)
    check(f"refused: {json.dumps(values)}", why is not None and words in why, why)
done()
