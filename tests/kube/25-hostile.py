#!/usr/bin/env python3
"""A network process that is not ours any more says anything at all (tests/tools/hostile). After each: the daemon lives and
ticks, what was known stays and ages until it freezes, the cause is shown and counted, and a process that behaves is believed
again. Then the real one: what rights it has."""
import re, shutil
from lib import *
import lib

BIN = os.path.join(WORK, "bin")
os.mkdir(BIN)
for name in "rezone", "rezone-serve", "rezone-enter":
    shutil.copy(os.path.join(os.path.dirname(REZONE), name), BIN)
shutil.copy(os.path.join(os.path.dirname(REZONE), "hostile-source"), os.path.join(BIN, "rezone-source"))
MODE = os.path.join(WORK, "mode")
SHORT = bool(os.environ.get("KUBE_SHORT"))  # scripts/check: half of what it may say
GOOD = {("default", "a"): (1, 1)}


def be(word):
    """The next process will be that; one that stays is ended here."""
    with open(MODE + ".new", "w") as f:
        f.write(word + "\n")
    os.rename(MODE + ".new", MODE)


def processes():
    """Children of the daemon by the name of the network process."""
    out = subprocess.run(["pgrep", "-P", str(children["rezone"].pid), "-f", "rezone-source"], capture_output=True, text=True).stdout
    return [int(p) for p in out.split()]


def end_it():
    for p in processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(p, signal.SIGKILL)


def refusals(errno):
    out = subprocess.run([REZONE, "stats", "--pin-dir", PIN, "-o", "json"], capture_output=True)
    return sum(e["count"] for e in json.loads(out.stdout)["errors"] if e["place"] == "source" and e["errno"] == errno)


def alive():
    return subprocess.run([REZONE, "status", "--pin-dir", PIN, "--live"], capture_output=True).returncode == 0


def recovers(what):
    be("well")
    end_it()
    check(f"{what}: one that behaves is believed again", until(lambda: frozen() is None and zones() == GOOD) is not None, shown())


def begin(what):
    """A daemon of its own, which waits a second before it starts another process, and one that behaves."""
    stop("rezone", signal.SIGTERM)
    be("well")
    lib.REZONE = os.path.join(BIN, "rezone")
    rezone("--kube-server", "http://127.0.0.1:1", "--kube-service", "ws/agent=default", "--topology-max-age", "3s", HOSTILE_MODE=MODE)
    lib.REZONE = REZONE
    if until(lambda: zones() == GOOD and frozen() is None) is None:
        not_ok(f"{what}: one that behaves is believed")
    be(what)
    end_it()


REFUSED, ENDED, SILENT = 74, 10, 110  # EBADMSG, ECHILD, ETIMEDOUT
for word, cause in [("garbage", "it sent"), ("bent", "it sent"), ("too-much", "too much at once"), ("partial", "a state of 2 agents, 1 came"),
                    ("backwards", "before it was proved last"), ("future", "in the future"), ("descriptors", "a descriptor"),
                    ("listener", "no seccomp listener")]:
    if SHORT and word in ("bent", "too-much", "backwards", "listener"):
        continue
    begin(word)
    check(f"{word}: refused, counted", until(lambda: refusals(REFUSED) > 0) is not None)
    check(f"{word}: the source names the cause", until(lambda: cause in faults()) is not None, faults())
    if word in ("garbage", "future"):
        check(f"{word}: what is known ages, and nobody is moved", until(lambda: frozen() == "stale") is not None, shown())
    check(f"{word}: the agents stay as they were, the daemon lives", zones() == GOOD and alive(), zones())
    if word in ("garbage", "listener"):
        recovers(word)

begin("dies")
check("dies again and again: counted, and later each time", until(lambda: refusals(ENDED) > 2) is not None and
      len(set(re.findall(r"it starts again in (\d+) s", log_of("rezone")))) > 1)
if not SHORT:
    begin("old")
    check("proved an hour ago: frozen", until(lambda: frozen() == "stale") is not None, shown())
    recovers("old")
begin("silent")
check("silent: frozen", until(lambda: frozen() == "stale") is not None, shown())
check("... ended, counted", until(lambda: refusals(SILENT) > 0) is not None)
recovers("silent")

begin("chatty")
until(lambda: "more lines of the network process were left out" in log_of("rezone"))
text = log_of("rezone")
check("a flood of lines: some are there, escaped, and how many are not", "hostile: " in text and "\033" not in text and "left out" in text)
check("... there are not many", text.count("hostile: ") < 500, text.count("hostile: "))
begin("too-fast")
check("16384 agents as fast as it goes: taken", until(lambda: len(shown()["agents"]) == 16384, 60) is not None, len(shown()["agents"]))
tick_age = lambda: json.loads(subprocess.run([REZONE, "status", "--pin-dir", PIN, "-o", "json"], capture_output=True).stdout)["tick_age_s"]
check("... and the daemon ticks on", until(lambda: tick_age() > 5, 8) is None and alive(), tick_age())
stop("rezone", signal.SIGTERM)

# the real one
rezone("--kube-server", "http://127.0.0.1:1", "--kube-service", "ws/agent=default", "--source-uid", "65001")
check("the real one runs", until(lambda: len(processes()) == 1) is not None)
pid = children["rezone"].pid


def status():
    with open(f"/proc/{processes()[0]}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


check("... confined", until(lambda: status().get("Seccomp") == "2") is not None, status())
s = status()
check("it is not root", s["Uid"] == s["Gid"] == "65001\t65001\t65001\t65001" and not s["Groups"].strip(), s)
check("it has no capabilities", all(int(s[c], 16) == 0 for c in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")), s)
check("it gets none back", s["NoNewPrivs"] == "1", s)
with open(f"/proc/{processes()[0]}/mounts") as f:
    check("no mount of it is writable", not [m for m in f if m.split()[3].split(",")[0] == "rw"])
with open(f"/proc/{processes()[0]}/limits") as f:
    check("it can write no file", re.search(r"Max file size +0 +0", f.read()))
fds = {os.readlink(f"/proc/{processes()[0]}/fd/{n}").split(":")[0] for n in os.listdir(f"/proc/{processes()[0]}/fd")}
check("it has no descriptor of the daemon's", fds <= {"/dev/null", "socket", "anon_inode", "pipe"}, fds)
check("it made no call that its list forbids", refusals(1) == 0, refusals(1))
for name, libraries in ("rezone", "curl|ssl|microhttpd"), ("rezone-source", "bpf|mnl|microhttpd"):
    out = subprocess.run(["ldd", os.path.join(os.path.dirname(REZONE), name)], capture_output=True, text=True).stdout
    check(f"{name} is linked with none of {libraries}", out and not re.search(r"lib(" + libraries + ")", out), out)
stop("rezone", signal.SIGKILL)
check("who kills the daemon ends it", until(lambda: subprocess.run(["pgrep", "-f", "rezone-source.*parent=" + str(pid)]).returncode == 1) is not None)
done()
