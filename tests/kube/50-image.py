#!/usr/bin/env python3
# needs: kube
"""From the chart to a client at home, and away again: helm installs the chart on a real API server, its controllers make the Pod and
the agents' EndpointSlices, runc or crun runs both containers of that Pod from our image (make image), a real client comes home, its
metrics are scraped, a change of the values is taken without a restart, an upgrade goes on tracking, and nothing is left at the end.

There is no kubelet and no scheduler: kubelet.py does what one does of that Pod; `kubectl exec` is the runtime's exec.
"""
import http.client, re, shutil
from lib import *
import chart, zones

ROOTFS = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build")), "image", "amd64", "rootfs")
if chart.MISSING:
    print("ok - # SKIP " + chart.MISSING)
    sys.exit(0)
import kubelet, pod
if not pod.RUNTIME or not os.path.isdir(ROOTFS) or not os.path.isdir(zones.STANDIN):
    print("ok - # SKIP runc, build/image or build/standin is missing (scripts/deps image, make image standin)")
    sys.exit(0)

layout = os.path.join(os.path.dirname(ROOTFS), "layout")
blob = lambda d: json.load(open(os.path.join(layout, "blobs", *d.split(":"))))
image = blob(blob(json.load(open(layout + "/index.json"))["manifests"][0]["digest"])["config"]["digest"])["config"]

# ---- the cluster: a real API server, the controllers that are needed, two nodes ----
zones.make()
c = Cluster()
c.start("--allow-privileged=true")
c.kubeconfig()
for kind in ("roles", "rolebindings"): # which Cluster makes for the other tests; here they are the chart's
    c.call("DELETE", f"/apis/rbac.authorization.k8s.io/v1/namespaces/ws/{kind}/rezone")
spawn("controller", [SERVERS + "/kube-controller-manager", "--kubeconfig", c.path("kubeconfig"), "--leader-elect=false", "--secure-port=0",
                     "--controllers=daemonset-controller,endpointslice-controller,garbage-collector-controller,root-ca-certificate-publisher-controller",
                     "--root-ca-file", c.path("tls.crt")])
for z in "ab":
    c.node("node-" + z, z)
c.call("PATCH", "/api/v1/nodes/node-a", {"metadata": {"labels": {"rezone": "yes"}}}, type="application/merge-patch+json")
c.apply("/api/v1/namespaces/ws/services/agent", {"metadata": {"name": "agent"}, "spec": {
    "clusterIP": "None", "selector": {"app": "agent"}, "ports": [{"name": "kafka", "port": 9092, "targetPort": "kafka"}]}})


def agent(z):
    """A process in its zone, and the Pod that says so."""
    check(f"the agent of zone {z} serves", zones.agent(z), log_of("agent-" + z))
    c.call("POST", "/api/v1/namespaces/ws/pods", {"metadata": {"name": "agent-" + z, "labels": {"app": "agent"}}, "spec": {
        "nodeName": "node-" + z, "containers": [{"name": "c", "image": "x", "ports": [{"name": "kafka", "containerPort": 9092}]}]}})
    c.call("PATCH", f"/api/v1/namespaces/ws/pods/agent-{z}/status", {"status": {
        "phase": "Running", "podIP": zones.address(z), "podIPs": [{"ip": zones.address(z)}],
        "conditions": [{"type": "Ready", "status": "True"}]}}, type="application/merge-patch+json")


# a BPF file system and a cgroup of this test's own stand for the node's
bpffs = os.path.join(WORK, "bpf")
os.makedirs(bpffs)
subprocess.run(["mount", "-t", "bpf", "bpf", bpffs], check=True)
subprocess.run(["mount", "--make-shared", bpffs], check=True)
atexit.register(lambda: subprocess.run(["umount", "-l", bpffs]))
os.makedirs("/run/netns", exist_ok=True)
node = kubelet.Node(c, "node-a", zones.NODE, ROOTFS, image, {"/sys/fs/bpf": bpffs, "/sys/fs/cgroup": CGROUP})
atexit.register(node.delete)

# ---- commands: kubectl is the real one but for exec ----
os.makedirs(WORK + "/bin")
with open(WORK + "/bin/kubectl", "w") as f:
    f.write(f"""#!/bin/sh
real={chart.TOOLS}/kubectl
for word; do
	if [ "$word" = exec ]; then
		while [ "$1" != -- ]; do shift; done
		shift
		exec {pod.RUNTIME} --root {WORK}/runtime exec rezone-{os.getpid()}-rezone "$@"
	fi
done
exec "$real" "$@"
""")
os.chmod(WORK + "/bin/kubectl", 0o755)
kube = {"KUBECONFIG": c.path("kubeconfig"), "PATH": WORK + "/bin:" + os.environ["PATH"]}


def fleet(*args):
    return subprocess.run([os.path.join(ROOT, "deploy", "kubectl-rezone"), *args], capture_output=True, text=True, env={**os.environ, **kube}, timeout=120)


def inside(*args):
    """A command of rezone in the daemon's container, as JSON."""
    return json.loads(node.boxes["rezone"].exec("rezone", *args, "-o", "json").stdout)


def events_of(word):
    out = node.boxes["rezone"].exec("rezone", "events", "-o", "json", "-e", word).stdout
    return [json.loads(line) for line in out.splitlines()]


def get(path):
    node.restart() # the server ends when another daemon begins than the one whose maps it has open
    h = http.client.HTTPConnection(zones.NODE, 9496, timeout=10)
    h.request("GET", path)
    r = h.getresponse()
    return r.status, r.read().decode()


def values(**more):
    return {"agents": {"services": [{"namespace": "ws", "service": "agent", "group": "default"}]}, "nodeSelector": {"rezone": "yes"},
            "settings": {"interval": "1s", "stable_for": "0s", "rate": 50, **more.pop("settings", {})}, **more}


def upgrade(verb, **more):
    chart.helm(verb, "rezone", chart.CHART, "--namespace", "rezone", *(["--reset-values"] if verb == "upgrade" else []), values=values(**more), env=kube)


def status_of(name):
    """/proc/PID/status of a container's first process."""
    state = json.loads(subprocess.run(node.boxes[name].runtime("state", node.boxes[name].name), capture_output=True).stdout)
    with open(f"/proc/{state['pid']}/status") as f:
        return {"pid": state["pid"], **dict(line.split(":\t", 1) for line in f.read().splitlines())}


def names(mask):
    return [x for n, x in enumerate(pod.CAPS) if int(mask, 16) >> n & 1]


def in_kernel():
    """What the daemon has in the kernel, by the descriptors that it holds: {(prog|map|link, id)}."""
    ids = set()
    pid = status_of("rezone")["pid"]
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/fdinfo/{fd}") as f:
            for key, _, value in (line.partition(":") for line in f):
                if key in ("prog_id", "map_id", "link_id"):
                    ids.add((key.split("_")[0], int(value)))
    return ids


def still_there(ids):
    return [x for x in ids if subprocess.run(["bpftool", x[0], "show", "id", str(x[1])], capture_output=True).returncode == 0]


def attached():
    """Programs at the node's cgroup and below it."""
    r = subprocess.run(["bpftool", "-j", "cgroup", "tree", CGROUP], capture_output=True, text=True)
    return [p["name"] for cgroup in json.loads(r.stdout or "[]") for p in cgroup["programs"]]


def network():
    """What one can set up in the node's network, and rezone never does."""
    tools = ("ip addr", "ip route", "ip rule", "tc qdisc", "iptables-save", "nft list ruleset")
    said = [subprocess.run(t.split(), capture_output=True, text=True).stdout for t in tools if shutil.which(t.split()[0])]
    return [line for text in said for line in text.splitlines() if not line.startswith("#")]


def zones_of(t):
    return {(z["group"], z["zone"]): (z["agents"], z["ready"]) for z in t["zones"]}


def parent(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as f:
        return int(f.read().rsplit(") ", 1)[1].split()[1])


def pod_of_daemonset(besides=()):
    """Waits for the controller's Pod, binds it, and starts it."""
    items = lambda: [p["metadata"]["name"] for p in c.call("GET", "/api/v1/namespaces/rezone/pods")["items"]
                     if not p["metadata"].get("deletionTimestamp") and p["metadata"]["name"] not in besides]
    if until(lambda: len(items()) == 1) is None:
        not_ok("the controller makes a Pod")
        done()
    node.bind("rezone", items()[0])
    node.start()
    return items()[0]


# ---- installed, in mode observe ----
agent("a")
zones.client("reader", "kafka-go-debian", "read", "--bootstrap", f"{zones.address('a')}:9092,{zones.address('b')}:9092", "--client-id",
             "reader,warpstream_az=b,warpstream_interzone_lb=true", "--topic", "t", "--partition", "0", "--from", "first")
zones.client("writer", "kafka-go-debian", "write", "--bootstrap", f"{zones.address('a')}:9092", "--client-id", "writer,warpstream_az=a", "--topic", "t", "--rate", "20")
reads = lambda: [json.loads(x) for x in log_of("reader").splitlines() if x.startswith("{") and '"read"' in x]
check("a real client reads at the agent of zone a", until(lambda: len(reads()) > 5) is not None, log_of("reader"))
c.call("POST", "/api/v1/namespaces", {"metadata": {"name": "rezone", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}})
network_before = network()
upgrade("install")
first = pod_of_daemonset()
took = node.ready(30)
if not check("helm install: the readiness probe of the Pod is content", took is not None, log_of("box-rezone")):
    done()
ran = {"container under runc, privileged: until `rezone status --ready` is content": f"{took:.1f} s"}
check("... so is the liveness probe", node.probe("livenessProbe") == 0)
files = node.written()
check("it knows the agent, and its own zone, from the EndpointSlices", until(lambda: zones_of(inside("topology")) == {("default", "a"): (1, 1)}) is not None
      and inside("topology")["own_zone"] == "a", node.boxes["rezone"].exec("rezone", "topology").stderr)
check("it observes", inside("config")["settings"]["mode"]["value"] == "observe")
check("there is no shell in it", node.boxes["rezone"].exec("sh", "-c", "true").returncode != 0 and not re.search(rb"bin/(ba|da)?sh ", files["rezone"]))
DAEMON = {"BPF", "PERFMON", "NET_ADMIN", "SETUID", "SETGID", "KILL", "SETPCAP"}
HELPER = {"SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"}
check("the daemon keeps seven capabilities of all", set(names(status_of("rezone")["CapEff"])) == DAEMON & set(pod.own_capabilities()), status_of("rezone"))
serve = lambda: status_of("serve")
check("the server's container: nobody, without capabilities", until(lambda: get("/readyz")[0] == 200) is not None
      and serve()["Uid"].split()[0] == "65534" and set(names(serve()["CapEff"])) <= {"BPF"}, log_of("box-serve"))


def offspring(name):
    """What /proc says of the daemon's children of this name, and of theirs."""
    all_ = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{p}/status") as f:
                all_[p] = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    mine = {status_of("rezone")["pid"]}
    mine |= {int(p) for p, x in all_.items() if int(x["PPid"]) in mine}
    return [x for x in all_.values() if int(x["PPid"]) in mine and x["Name"] == name]


def source_has_no_rights():
    """rezone-source, the daemon's child that talks to the API server"""
    # only CAP_SETPCAP, which a container of least privilege has not, empties the bounding set too; no new privilege comes from it
    return [(set(x["Uid"].split()), x["NoNewPrivs"]) + tuple(int(x[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapAmb"))
            for x in offspring("rezone-source")] == [({"65533"}, "1", 0, 0, 0, 0)]


def helper_has_three(given):
    """rezone-enter, which enters network namespaces, its keeper, and the keeper's spare"""
    return [[set(names(x["CapEff"])) for x in offspring(name)] for name in ("rezone-enter", "rezone-keeper", "rezone-spare")] == [[HELPER & set(given)]] * 3


check("the helper has what the daemon has not", until(lambda: helper_has_three(pod.own_capabilities()), 15) is not None, offspring("rezone-enter"))
check("a process without rights talks to the API server", until(source_has_no_rights, 15) is not None)
agent("b")
check("an agent of zone b is there: the fleet's plan names the reader",
      until(lambda: any(x["client_id"].startswith("reader") for i in json.loads(fleet("plan", "-o", "json").stdout)["items"] for x in i["would_move"]["clients"]))
      is not None, fleet("plan").stdout + fleet("plan").stderr)
reader = lambda: children["reader"].pid
tree = lambda zone: any(p == reader() or parent(p) == reader() for p in zones.connected(zone))
check("... which stays, for it observes", tree("a") and not tree("b"))
old = next(r for r in inside("list") if (r["client_id"] or "").startswith("reader"))

# ---- an upgrade that changes the pod: least privilege instead of privileged ----
upgrade("upgrade", privileges="leastPrivilege")
check("helm upgrade: the controller replaces the Pod", until(node.gone) is not None)
took, codes = node.end()
check("SIGTERM: both containers end within the grace period, with status 0", took is not None and set(codes.values()) == {0}, (codes, log_of("box-rezone")[-500:]))
check("... and have written nothing into the image", files == node.last_written)
check("... the pins stay for the next pod", os.path.isdir(bpffs + "/rezone"), os.listdir(bpffs))
node.remove()
pod_of_daemonset(besides=[first])
took = node.ready(30)
if not check("least privilege: ready", took is not None, log_of("box-rezone")[-2000:]):
    done()
have = names(status_of("rezone")["CapEff"])
ran["... with least privilege, taking over the pins"] = f"{took:.1f} s"
ran["... capabilities of the daemon"] = ", ".join(have)
asked = set(chart.container(chart.render(values(privileges="leastPrivilege")))["securityContext"]["capabilities"]["add"])
check("... the daemon with some of the capabilities of the values, and no others", set(have) == asked & DAEMON & set(pod.own_capabilities()), have)
check("... the helper with the others", until(lambda: helper_has_three(asked & set(pod.own_capabilities())), 15) is not None, offspring("rezone-enter"))
ran["... capabilities of its helper rezone-enter"] = ", ".join(names(offspring("rezone-enter")[0]["CapEff"]))
check("... and the process that talks to the API server has none of them", until(source_has_no_rights, 15) is not None)
if asked - set(pod.own_capabilities()):
    note(f"this machine's root has no {', '.join(asked - set(pod.own_capabilities()))} to give")
check("it goes on tracking the connection that the other pod knew", until(lambda: any(r["cookie"] == old["cookie"] and r["client_id"] == old["client_id"] for r in inside("list"))) is not None,
      inside("list"))

# ---- enforce, by a change of the values: no restart ----
pid = status_of("rezone")["pid"]
upgrade("upgrade", privileges="leastPrivilege", mode="enforce")
check("mode=enforce is no change of the pod", not node.gone() and len(c.call("GET", "/api/v1/namespaces/rezone/pods")["items"]) == 1)
node.volumes()
check("the daemon takes it", until(lambda: inside("config")["settings"]["mode"]["value"] == "enforce") is not None, events_of("setting") + events_of("reload-failed"))
check("... without a restart", status_of("rezone")["pid"] == pid)
check("the reader comes home", until(lambda: tree("b") and not tree("a")) is not None, log_of("box-rezone")[-800:])
moves = events_of("move")
check("... by rezone's move", any(e["client_id"].startswith("reader") for e in moves), moves)
note([e["text"] for e in moves])
n = len(reads())
check("... and goes on reading", until(lambda: len(reads()) > n + 20) is not None)
offsets = [e["offset"] for e in reads()]
check("... each record once, and in order", offsets == list(range(offsets[0], offsets[0] + len(offsets))))


def moved(page):
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith('rezone_moves_total{result="moved"') and 'to_zone="b"' in line)


check("the metrics say so", until(lambda: moved(get("/metrics")[1]) == len(events_of("move"))) is not None, log_of("box-serve")[-1000:])
check("... and that all is well", get("/healthz")[0] == get("/readyz")[0] == 200)
with open(WORK + "/metrics", "w") as f:
    f.write(get("/metrics")[1])
status = json.loads(fleet("status", "-o", "json").stdout)
check("kubectl rezone status: the node is healthy", [(i["node"], i["health"]) for i in status["items"]] == [("node-a", "healthy")], status)
note(fleet("status").stdout)
megabytes = lambda name: f"{int(status_of(name)['VmHWM'].split()[0]) / 1024:.0f} MiB"
ran["... memory at most (VmHWM), daemon and server; maps are the kernel's"] = f"{megabytes('rezone')}, {megabytes('serve')}"
ran["... the server's capabilities once it listens"] = ", ".join(names(status_of("serve")["CapEff"])) or "none, as uid " + status_of("serve")["Uid"].split()[0]
with open(os.path.join(os.path.dirname(ROOTFS), "..", "run.json"), "w") as f:
    json.dump(ran, f, indent=1)
note(ran)

# ---- away again, without a trace ----
mine = in_kernel()
check("the daemon has programs, maps and links in the kernel, and programs at the node's cgroup",
      {x[0] for x in mine} >= {"prog", "map"} and len(mine) > 20 and attached(), (sorted(mine), attached()))
ours = [status_of("rezone")["pid"], status_of("serve")["pid"]]
ours += [int(x["Pid"]) for name in ("rezone-source", "rezone-enter", "rezone-keeper", "rezone-spare") for x in offspring(name)]
away = subprocess.Popen([os.path.join(ROOT, "deploy", "kubectl-rezone"), "uninstall", "--yes"], env={**os.environ, **kube}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
check("kubectl rezone uninstall: the daemon is told, the DaemonSet goes, and with it the Pod", until(node.gone) is not None, log_of("controller")[-300:])
took, codes = node.end()
node.remove()
check("... its containers end with status 0", took is not None and set(codes.values()) == {0}, codes)
check("... the command says that it is done", away.wait(60) == 0, away.stdout.read())
chart.helm("uninstall", "rezone", "--namespace", "rezone", env=kube)
pins = lambda: set(os.listdir(bpffs)) - {"progs.debug", "maps.debug"} # the kernel's own
check("no pin is left", not pins(), pins())
check("no program, map or link is left", until(lambda: not still_there(mine), 10) is not None, still_there(mine))
check("... and nothing at a cgroup", attached() == [], attached())
check("... nothing in the node's network", network() == network_before, set(network()) ^ set(network_before))
running = lambda: [p for p in ours if os.path.exists(f"/proc/{p}/exe")] # a zombie has none
check("... no process", until(lambda: not running(), 10) is not None, running())
left = json.loads(subprocess.run([chart.TOOLS + "/kubectl", "get", "-A", "-o", "json", "all,configmaps,secrets,roles,rolebindings,clusterroles,clusterrolebindings,serviceaccounts"],
                                 capture_output=True, text=True, env={**os.environ, **kube}).stdout)["items"]
left = [f"{o['kind']} {o['metadata']['namespace']}/{o['metadata']['name']}" for o in left
        if o["metadata"].get("namespace") in ("rezone", "ws") and "rezone" in o["metadata"]["name"] and o["metadata"].get("annotations", {}).get("meta.helm.sh/release-name")]
check("no object is left", left == [], left)
check("the clients go on", until(lambda: len(reads()) > len(offsets) + 40) is not None)
done()
