"""Network namespaces that are zones, beside the node's own, which is the one that this process is in.

Comes in: RZK_NS, a name to begin theirs with. Goes out: NS-a, NS-b with agents' addresses 10.99.1.1, 10.99.2.1, and NS-cl with
the clients' 10.99.9.1; a bridge in the node's, at NODE; all removed at exit. Imported by 50-image.py.
"""
import atexit, os, subprocess
from lib import CGROUP, ROOT, WORK, spawn, until

NODE = "10.99.0.254"
NS = os.environ["RZK_NS"]
NUMBER = {"a": 1, "b": 2, "cl": 9}
STANDIN = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build")), "standin")
address = lambda zone: f"10.99.{NUMBER[zone]}.1"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@atexit.register
def remove():
    for zone in NUMBER:
        subprocess.run(["ip", "netns", "del", f"{NS}-{zone}"], capture_output=True)


def make():
    ip("link", "add", "br0", "type", "bridge")
    ip("addr", "add", NODE + "/16", "dev", "br0")
    ip("link", "set", "br0", "up")
    for zone in NUMBER:
        ns = f"{NS}-{zone}"
        ip("netns", "add", ns)
        ip("link", "add", "v-" + zone, "type", "veth", "peer", "name", "eth0", "netns", ns)
        ip("link", "set", "v-" + zone, "master", "br0", "up")
        ip("-n", ns, "addr", "add", address(zone) + "/16", "dev", "eth0")
        ip("-n", ns, "link", "set", "lo", "up")
        ip("-n", ns, "link", "set", "eth0", "up")


def start_in(name, zone, args, cgroup=None):
    """`ip netns exec` has another /sys, so the cgroup is entered before it."""
    enter = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup] if cgroup else []
    return spawn(name, [*enter, "ip", "netns", "exec", f"{NS}-{zone}", *args])


def agent(zone):
    """The stand-in agent, in the cgroup that rezone is attached to. Does it serve?"""
    os.makedirs(WORK + "/data", exist_ok=True)
    start_in("agent-" + zone, zone, [STANDIN + "/rezone-agent", "--id", str(NUMBER[zone]), "--zone", zone, "--listen", "[::]:9092",
                                     "--advertise", address(zone) + ":9092", "--data", WORK + "/data"], CGROUP)
    return until(lambda: os.path.exists(f"{WORK}/data/agents/{NUMBER[zone]}")) is not None


def client(name, library, *args):
    start_in(name, "cl", [os.path.join(ROOT, "tests", "peers", "clients", "run"), library, *args])


def connected(zone):
    """Connections of the clients to that zone's agent: the pids that have one."""
    r = subprocess.run(["ip", "netns", "exec", f"{NS}-cl", "ss", "-Htnp", "state", "established", f"dst {address(zone)} and dport = 9092"],
                       capture_output=True, text=True)
    return {int(w.split("=")[1]) for line in r.stdout.splitlines() for w in line.replace(")", ",").split(",") if w.startswith("pid=")}
