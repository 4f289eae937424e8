#!/usr/bin/env python3
"""An API server with a certificate that is not to be believed: of another authority, of another host, out of its time. rezone asks it
nothing, says why, keeps the agents, and moves nobody once they are older than --topology-max-age; with the right one all goes on by
itself. Then the log level of the network process, which follows the settings; and a server without TLS, which gets no token."""
import ssl
from lib import *
from faults import Server


def openssl(*args):
    subprocess.run(["openssl", *args], cwd=WORK, check=True, capture_output=True)


def authority(name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".crt", "-days", "2", "-subj", "/CN=" + name)


def context(name, ca, host="IP:127.0.0.1", days="2"):
    """A server's certificate of this authority, for this host."""
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
    with open(f"{WORK}/{name}.ext", "w") as f:
        f.write("subjectAltName=" + host)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".crt", "-CAkey", ca + ".key", "-CAcreateserial", "-days", days,
            "-extfile", name + ".ext", "-out", name + ".crt")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{WORK}/{name}.crt", f"{WORK}/{name}.key")
    return tls


authority("ours")
authority("theirs")
right = context("right", "ours")
s = Server(tls=right)
s.set(slice_of("one", "agent", [endpoint("10.1.0.1", "a", "u1", "n1")]))
GOOD = {("default", "a"): (1, 1)}
for name in "token", "ca", "rezone.yaml":
    open(f"{WORK}/{name}", "w").close()
with open(WORK + "/token", "w") as f:
    f.write("a-token")


def trust(name):
    """The CA file, replaced as Kubernetes replaces it."""
    with open(f"{WORK}/{name}.crt") as f, open(WORK + "/ca.new", "w") as g:
        g.write(f.read())
    os.rename(WORK + "/ca.new", WORK + "/ca")


def setting(text):
    with open(WORK + "/new.yaml", "w") as f:
        f.write(text)
    os.rename(WORK + "/new.yaml", WORK + "/rezone.yaml")
    children["rezone"].send_signal(signal.SIGHUP)


def asked():
    return sum(s.count.values())


trust("ours")
rezone("--kube-server", s.url, "--kube-service", "ws/agent=default", "--topology-max-age", "6s", "--node-name", "n1", "--log-format", "json",
       "--kube-ca-file", WORK + "/ca", "--kube-token-file", WORK + "/token", "--config", WORK + "/rezone.yaml")
check("the right certificate: current", until(lambda: zones() == GOOD and frozen() is None and s.watchers) is not None, faults())
check("... and it got the token", s.tokens == {"Bearer a-token"}, s.tokens)
for what, tls in [("of another authority", context("foreign", "theirs")), ("of another host", context("elsewhere", "ours", "DNS:elsewhere,IP:127.0.0.9")),
                  ("that is out of its time", context("old", "ours", days="-1"))]:
    s.tls = tls
    s.cut_all()
    before = asked()
    check(f"a certificate {what}: frozen within topology_max_age", until(lambda: frozen() is not None, 20) is not None, shown())
    check("... its source names the certificate as the cause", until(lambda: "certificate" in faults() or "SSL" in faults()) is not None, faults())
    note(faults().splitlines()[-1])
    check("... the agents stay as they were", zones() == GOOD, zones())
    check("... and nothing was asked of it: no token left this machine", asked() == before, (before, s.count))
    s.tls = right
    check("... the right one again: current by itself", until(lambda: frozen() is None and zones() == GOOD and s.watchers) is not None, shown())
s.tls = context("next", "theirs")
trust("theirs")
s.close_watches("cut")
n = asked()
check("another authority in the server and in the CA file: asked again, current without a restart",
      until(lambda: asked() > n and frozen() is None and s.watchers and zones() == GOOD) is not None, faults())


# ---- the log level of rezone-source, which writes into the daemon's log ----

def debug_lines():
    """Those of the network process: nothing in the daemon itself says this while it runs."""
    rows = [json.loads(line) for line in log_of("rezone").splitlines() if line.startswith("{")]
    return [r for r in rows if r["level"] == "debug" and " slices, " in json.dumps(r)]


def list_again():
    s.line(json.dumps({"type": "ERROR", "object": {"code": 410, "message": "old"}}) + "\n")
    s.close_watches()


list_again()
n = s.count["list"]
until(lambda: s.count["list"] > n, 3)
check("log_level info: the network process writes no debug line", not debug_lines(), debug_lines())
setting("log_level: debug\n")
check("log_level debug by a reload: it does", until(lambda: list_again() or time.sleep(0.5) or debug_lines()) is not None, log_of("rezone")[-600:])
check("... by the same process, without a restart", not any("again" in e.get("text", "") for e in events("start")[1:]) and len(events("start")) == 1)

# ---- without TLS everybody on the way could read a token ----

stop("rezone", signal.SIGTERM)
plain = Server(port=18002)
plain.set(slice_of("one", "agent", [endpoint("10.1.0.1", "a", "u1", "n1")]))
rezone("--kube-server", plain.url, "--kube-service", "ws/agent=default", "--node-name", "n1", "--kube-token-file", WORK + "/token")
check("http://: current, and no token was sent", until(lambda: zones() == GOOD and plain.watchers) is not None and plain.tokens == {""}, plain.tokens)
done()
