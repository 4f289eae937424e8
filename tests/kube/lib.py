"""What the tests of tests/kube need: an API server with its store, rezone, and polling.

Comes in: imported by tests/kube/*.py, which tests/kube/run starts in a network namespace of their own (so any port of
loopback is free). Goes out: etcd, kube-apiserver and rezone as children, ended at exit; lines "ok - ..." and
"not ok - ...". Python's standard library alone.
"""
import atexit, base64, contextlib, ctypes, http.client, json, os, signal, ssl, subprocess, sys, tempfile, time, urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REZONE = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build")), "rezone")
WORK = os.environ["RZK_WORK"]
PIN = os.environ.get("RZK_PIN", "")
CGROUP = os.environ.get("RZK_CGROUP", "")
SERVERS = os.environ.get("RZK_SERVERS", "")
DEADLINE = float(os.environ.get("E2E_DEADLINE", "30"))
LIBC = ctypes.CDLL(None)
failed = False
children = {}


def ok(what):
    print("ok - " + what, flush=True)


def not_ok(what):
    global failed
    failed = True
    print("not ok - " + what, flush=True)


def note(what):
    print("# " + str(what), flush=True)


def check(what, good, detail=None):
    (ok if good else not_ok)(what)
    if not good and detail is not None:
        note(str(detail)[-1500:])
    return good


def until(f, seconds=None):
    """Polls f until it is true; the seconds that took, or None."""
    begin = time.monotonic()
    end = begin + (DEADLINE if seconds is None else seconds)
    while True:
        with contextlib.suppress(OSError, KeyError, ValueError, IndexError):
            if f():
                return time.monotonic() - begin
        if time.monotonic() > end:
            return None
        time.sleep(0.02)


def die_with_us():
    """Whoever kills this test kills what it started (prctl PR_SET_PDEATHSIG, SIGKILL)."""
    LIBC.prctl(1, signal.SIGKILL)


def spawn(name, args, **env):
    log = open(os.path.join(WORK, name + ".log"), "ab")
    children[name] = subprocess.Popen(args, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **env}, preexec_fn=die_with_us)
    return children[name]


def stop(name, how=signal.SIGKILL):
    p = children.pop(name, None)
    if p:
        p.send_signal(how)
        p.wait()


def log_of(name):
    with contextlib.suppress(OSError), open(os.path.join(WORK, name + ".log"), errors="replace") as f:
        return f.read()
    return ""


@atexit.register
def end():
    for name in list(children):
        stop(name)
    if failed:
        for line in log_of("rezone").splitlines()[-25:]:
            note("rezone: " + line[:300])


def done():
    sys.exit(1 if failed else 0)


# ---- rezone ----

def rezone(*flags, **env):
    before = events("start")
    spawn("rezone", [REZONE, "run", "--pin-dir", PIN, "--cgroup", CGROUP, "--interval", "1s", "--stable-for", "0s", "--home-ready-wait", "0s", *flags], **env)
    if until(lambda: any(e not in before for e in events("start"))) is None:
        not_ok("rezone starts")
        done()


def events(word):
    """What `rezone events` tells of that kind; nothing where no daemon ever ran."""
    out = subprocess.run([REZONE, "events", "--pin-dir", PIN, "-o", "json", "-e", word], capture_output=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def shown():
    out = subprocess.run([REZONE, "topology", "--pin-dir", PIN, "-o", "json"], capture_output=True)
    return json.loads(out.stdout)


def zones(t=None):
    """{(group, zone): (agents, ready)}"""
    t = t or shown()
    return {(z["group"], z["zone"]): (z["agents"], z["ready"]) for z in t["zones"]}


def follows(what, want, seconds=3.0):
    """The maps are `want` (see zones()) soon: within a second, and a machine that is busy may take three."""
    took = until(lambda: zones() == want, DEADLINE)
    check(f"{what}: the maps follow within {seconds:g} s", took is not None and took <= seconds, f"{took} s, {zones()}, wanted {want}")
    if took is not None and took > 1:
        note(f"{what}: after {took:.1f} s")
    return took


def frozen():
    return shown()["frozen"]


def faults():
    """What is wrong, as `rezone topology` tells it: of the freeze, and of each source."""
    t = shown()
    return "\n".join(f for f in [t["frozen_why"], *(s["fault"] for s in t["sources"])] if f)


# ---- objects ----

def endpoint(ip, zone, uid, node=None, **conditions):
    c = {"ready": True, "serving": True, "terminating": False, **conditions}
    e = {"addresses": [ip], "conditions": c, "targetRef": {"kind": "Pod", "name": "p-" + uid, "namespace": "ws", "uid": uid}}
    if zone:
        e["zone"] = zone
    if node:
        e["nodeName"] = node
    return e


def slice_of(name, service, endpoints, port="kafka", family="IPv4", number=9092, ns="ws"):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family, "endpoints": endpoints,
            "metadata": {"name": name, "namespace": ns, "labels": {"kubernetes.io/service-name": service}},
            "ports": [{"name": port, "port": number, "protocol": "TCP"}] if port else []}


# ---- a real API server ----

class Cluster:
    """etcd and kube-apiserver, as tests/peers/kube/server and tests/peers/kube/etcd build them."""
    port, etcd_port = 16443, 12379
    address = os.environ.get("RZK_ADDRESS", "127.0.0.1")

    def __init__(self):
        self.dir = tempfile.mkdtemp(dir=WORK)
        run = lambda *a: subprocess.run(a, check=True, capture_output=True, cwd=self.dir)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.crt", "-days", "2",
            "-subj", "/CN=rezone-test", "-addext", "subjectAltName=IP:" + self.address)
        run("openssl", "genrsa", "-out", "sa.key", "2048")
        with open(self.dir + "/tokens.csv", "w") as f:
            f.write("root-token,root,1,system:masters\nrezone-token,rezone,2\nother-token,rezone,3\nnobody-token,nobody,4\n")
        self.ctx = ssl.create_default_context(cafile=self.dir + "/tls.crt")
        self.start_etcd()

    def path(self, name):
        return os.path.join(self.dir, name)

    def start_etcd(self):
        u, p = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_port + 1}"
        spawn("etcd", [SERVERS + "/etcd", "--data-dir", self.dir + "/etcd", "--unsafe-no-fsync", "--heartbeat-interval", "10",
                       "--election-timeout", "50", "--listen-client-urls", u, "--advertise-client-urls", u, "--listen-peer-urls", p,
                       "--initial-advertise-peer-urls", p, "--initial-cluster", "default=" + p, "--log-level", "warn"])

    def start_api(self, *flags):
        spawn("apiserver", [SERVERS + "/kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{self.etcd_port}", "--secure-port", str(self.port),
                            "--bind-address", self.address, "--advertise-address", self.address, "--endpoint-reconciler-type=none",
                            "--tls-cert-file", self.path("tls.crt"), "--tls-private-key-file", self.path("tls.key"),
                            "--disable-admission-plugins=ServiceAccount", "--token-auth-file", self.path("tokens.csv"),
                            "--authorization-mode=RBAC", "--service-account-issuer=https://rezone.test",
                            "--service-account-key-file", self.path("sa.key"), "--service-account-signing-key-file", self.path("sa.key"),
                            "--service-cluster-ip-range", "10.96.0.0/16", *flags])
        if until(lambda: self.call("GET", "/readyz", raw=True) == b"ok", 90) is None:
            not_ok("kube-apiserver is ready")
            note(log_of("apiserver")[-1500:])
            done()

    def start(self, *flags):
        self.start_api(*flags)
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": "ws"}})
        self.role(["get", "list", "watch"])

    def role(self, verbs):
        """Exactly the Role of deploy/, or less."""
        rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/ws/"
        self.apply(rbac + "roles/rezone", {"metadata": {"name": "rezone"}, "rules": [
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs}]})
        self.apply(rbac + "rolebindings/rezone", {"metadata": {"name": "rezone"}, "subjects": [
            {"kind": "User", "name": "rezone", "apiGroup": "rbac.authorization.k8s.io"},
            {"kind": "ServiceAccount", "name": "rezone", "namespace": "ws"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "rezone"}})

    def call(self, method, path, body=None, token="root-token", raw=False, type="application/json"):
        c = http.client.HTTPSConnection(self.address, self.port, context=self.ctx, timeout=20)
        try:
            c.request(method, path, json.dumps(body) if body is not None else None,
                      {"Authorization": "Bearer " + token, "Content-Type": type, "Accept": "application/json"})
            r = c.getresponse()
            data = r.read()
        finally:
            c.close()
        if raw:
            return data
        j = json.loads(data)
        j["_status"] = r.status
        return j

    def apply(self, path, obj):
        """Makes it, or puts it in place of what is there."""
        r = self.call("PUT", path, obj)
        if r["_status"] >= 300:
            r = self.call("POST", path.rsplit("/", 1)[0], obj)
        if r["_status"] >= 300:
            not_ok(f"apply {path}: {r}")
        return r

    def jwt(self, uid, lives):
        """A token of the service account ws/rezone, signed with the API server's key, that ends in so many seconds."""
        b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
        now = int(time.time())
        claims = {"iss": "https://rezone.test", "aud": ["https://rezone.test"], "sub": "system:serviceaccount:ws:rezone", "iat": now - 7200, "nbf": now - 7200,
                  "exp": now + lives, "kubernetes.io": {"namespace": "ws", "serviceaccount": {"name": "rezone", "uid": uid}}}
        text = b64(json.dumps({"alg": "RS256"}).encode()) + "." + b64(json.dumps(claims).encode())
        sign = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path("sa.key")], input=text.encode(), capture_output=True, check=True)
        return text + "." + b64(sign.stdout)

    def kubeconfig(self):
        """For root, as a file that other programs read."""
        with open(self.path("kubeconfig"), "w") as f:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                       "clusters": [{"name": "x", "cluster": {"server": f"https://{self.address}:{self.port}", "certificate-authority": self.path("tls.crt")}}],
                       "users": [{"name": "x", "user": {"token": "root-token"}}]}, f)
        return self.path("kubeconfig")

    def node(self, name, zone):
        """A node that nobody runs, ready as if somebody did."""
        self.apply(f"/api/v1/nodes/{name}", {"metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone, "kubernetes.io/os": "linux"}}})

    def slices(self, ns="ws"):
        return f"/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices"

    def put(self, s):
        return self.apply(self.slices() + "/" + s["metadata"]["name"], s)

    def delete(self, name):
        return self.call("DELETE", self.slices() + "/" + name)

    def flags(self, token="rezone-token", service="ws/agent"):
        with open(self.path("token"), "w") as f:
            f.write(token + "\n")
        return ["--kube-server", f"https://{self.address}:{self.port}", "--kube-ca-file", self.path("tls.crt"),
                "--kube-token-file", self.path("token"), "--kube-service", service]
