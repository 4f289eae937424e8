#!/usr/bin/env python3
# needs: kube
"""The image (make image), run by runc or crun as deploy/rezone.yaml says: arguments, environment, mounts, capabilities, limits, probes.

There is no kubelet: pod.py does what one does of that spec. The manifest's own Role is applied to a real API server.
"""
import re, shutil
from lib import *

ROOTFS = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build")), "image", "amd64", "rootfs")
try:
    import yaml
    import pod
except ImportError:
    print("ok - # SKIP python3-yaml is not installed (scripts/deps image)")
    sys.exit(0)
if not pod.RUNTIME or not os.path.isdir(ROOTFS):
    print("ok - # SKIP runc or build/image is missing (scripts/deps image, make image)")
    sys.exit(0)

with open(os.path.join(ROOT, "deploy", "rezone.yaml")) as f:
    objects = list(yaml.safe_load_all(f))
one = lambda kind: next(o for o in objects if o["kind"] == kind)
spec = one("DaemonSet")["spec"]["template"]["spec"]
container = next(c for c in spec["containers"] if c["name"] == "rezone")
layout = os.path.join(os.path.dirname(ROOTFS), "layout")
blob = lambda d: json.load(open(os.path.join(layout, "blobs", *d.split(":"))))
image = blob(blob(json.load(open(layout + "/index.json"))["manifests"][0]["digest"])["config"]["digest"])["config"]

# the API server, with the namespace and the Role as the manifest has them
c = Cluster()
c.start()
ns = one("Role")["metadata"]["namespace"]
c.call("POST", "/api/v1/namespaces", {"metadata": {"name": ns}})
rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/"
c.apply(rbac + "roles/rezone", one("Role"))
binding = {**one("RoleBinding"), "subjects": [{"kind": "User", "name": "rezone", "apiGroup": "rbac.authorization.k8s.io"}]}
c.apply(rbac + "rolebindings/rezone", binding)
service = next(a for a in container["args"] if a.startswith("--kube-service=")).split("=")[1].split("/")[1]
c.apply(c.slices(ns) + "/agent-1", slice_of("agent-1", service, [endpoint("10.1.0.1", "a", "u1", "node-a"),
                                                                  endpoint("10.1.0.2", "b", "u2", "node-b")], ns=ns))
account = os.path.join(WORK, "account")
os.makedirs(account)
shutil.copy(c.path("tls.crt"), account + "/ca.crt")
for name, text in (("token", "rezone-token"), ("namespace", "rezone")):
    with open(os.path.join(account, name), "w") as f:
        f.write(text)

# a BPF file system and a cgroup of this test's own stand for the node's
bpffs = os.path.join(WORK, "bpf")
os.makedirs(bpffs)
subprocess.run(["mount", "-t", "bpf", "bpf", bpffs], check=True)
subprocess.run(["mount", "--make-shared", bpffs], check=True)
atexit.register(lambda: subprocess.run(["umount", "-l", bpffs]))
host = {"/sys/fs/bpf": bpffs, "/sys/fs/cgroup": CGROUP}
os.makedirs("/run/netns", exist_ok=True)
conf = pod.config(spec, container, image, host, {"spec.nodeName": "node-a"},
                  [{"destination": "/var/run/secrets/kubernetes.io/serviceaccount", "type": "bind", "source": account, "options": ["bind", "ro"]}],
                  ["KUBERNETES_SERVICE_HOST=" + c.address, f"KUBERNETES_SERVICE_PORT={c.port}"])
copy = os.path.join(WORK, "rootfs")
shutil.copytree(ROOTFS, copy, symlinks=True)
box = pod.Container("rezone-" + str(os.getpid()), WORK, copy, conf)
atexit.register(box.delete)


def listing():
    return subprocess.run(["find", copy, "-xdev", "-type", "f", "-printf", "%P %s\n"], capture_output=True).stdout


begin = time.monotonic()
spawn("rezone", box.command())
probe = lambda kind: box.exec(*container[kind]["exec"]["command"]).returncode
if not check("the readiness probe of the manifest is content", until(lambda: probe("readinessProbe") == 0, 30) is not None, log_of("rezone")):
    done()
note(f"ready after {time.monotonic() - begin:.2f} s")
files = listing()
check("so is the liveness probe", probe("livenessProbe") == 0)


def topology():
    return json.loads(box.exec("rezone", "topology", "-o", "json").stdout)


check("the API server's agents are in the maps", until(lambda: zones(topology()) == {("default", "a"): (1, 1), ("default", "b"): (1, 1)}) is not None,
      box.exec("rezone", "topology").stderr)
check("... by the node's name its own zone is known", topology()["own_zone"] == "a", topology())
settings = json.dumps(json.loads(box.exec("rezone", "config", "-o", "json").stdout))
check("it observes, as the manifest says", '"observe"' in settings)
check("there is no shell in it", box.exec("sh", "-c", "true").returncode != 0 and not re.search(rb"bin/(ba|da)?sh ", files))
with open(f"/proc/{json.loads(subprocess.run(box.runtime('state', box.name), capture_output=True).stdout)['pid']}/status") as f:
    status = dict(line.split(":\t", 1) for line in f.read().splitlines())
note("VmHWM " + status["VmHWM"].strip() + ", CapEff " + status["CapEff"])

box.kill("TERM")
took = until(lambda: children["rezone"].poll() is not None, spec["terminationGracePeriodSeconds"])
check("SIGTERM: it ends within the pod's grace period", took is not None, log_of("rezone"))
check("... with status 0", children["rezone"].returncode == 0, log_of("rezone"))
children.pop("rezone")
check("its pins stay for the next pod (--keep-pins)", os.path.isdir(bpffs + "/rezone"), os.listdir(bpffs))
check("nothing was written into the image", listing() == files)
subprocess.run(["rm", "-rf", bpffs + "/rezone"])
done()
