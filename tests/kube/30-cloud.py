#!/usr/bin/env python3
"""This node's zone from cloud metadata: stand-ins of ours that speak IMDSv2 (token, hop limit, 401), GCP's and Azure's shapes."""
import signal, socketserver, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from lib import *

state = {"mode": "ok", "asked": []}


class Meta(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, text, status=200):
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *a):
        pass

    def do_PUT(self):
        state["asked"].append("PUT " + self.path)
        if state["mode"] == "hops":  # the answer dies on its way into the container: silence
            time.sleep(4)
            return
        if "X-aws-ec2-metadata-token-ttl-seconds" not in self.headers:
            return self.say("", 400)
        self.say("TOKEN==")

    def do_GET(self):
        state["asked"].append("GET " + self.path)
        m, p, h = state["mode"], self.path, self.headers
        if p.startswith("/latest/"):
            if h.get("X-aws-ec2-metadata-token") != "TOKEN==" or m == "401":
                return self.say("", 401)
            if p.endswith("/availability-zone-id"):
                return self.say("", 404) if m == "noid" else self.say("use1-az4")
            return self.say("us-east-1a")
        if p == "/computeMetadata/v1/instance/zone":
            return self.say("projects/123/zones/us-central1-a") if h.get("Metadata-Flavor") == "Google" else self.say("", 403)
        if p.startswith("/metadata/instance/compute?api-version="):
            if h.get("Metadata") != "true":
                return self.say("", 400)
            return self.say(json.dumps({"location": "westeurope", "zone": "" if m == "nozone" else "2", "name": "vm"}))
        self.say("", 404)


server = ThreadingHTTPServer(("127.0.0.1", 18080), Meta)
threading.Thread(target=server.serve_forever, daemon=True).start()
topology = os.path.join(WORK, "t.yaml")
with open(topology, "w") as f:
    f.write("agents: [ { address: 10.0.0.1, zone: us-east-1b } ]\n")


def run(cloud, mode="ok", *flags):
    stop("rezone", signal.SIGTERM)
    state.update(mode=mode, asked=[])
    rezone("--topology", topology, "--cloud", cloud, "--cloud-url", "http://127.0.0.1:18080", *flags)


def own(zone):
    return until(lambda: shown()["own_zone"] == zone) is not None


def fault(what, text):
    check(what, until(lambda: text in faults()) is not None, faults())
    check(what + ": the zone stays unknown", shown()["own_zone"] is None, shown())


run("aws")
check("AWS: the zone's name", own("us-east-1a"), shown())
t = shown()
check("AWS: its id is learned as an alias", t["aliases"].get("use1-az4") == "us-east-1a", t)
check("AWS: a token was asked for first (IMDSv2)", state["asked"][0] == "PUT /latest/api/token", state)
check("where it comes from is shown", t["own_zone_from"] == "the cloud's metadata", t)
run("aws", "noid")
check("AWS without the id: the name alone", own("us-east-1a") and not shown()["aliases"], shown())
run("aws", "hops")
fault("AWS, hop limit 1: its source says hop limit", "http-put-response-hop-limit must be 2")
state["mode"] = "ok"
check("... and later, when it answers: learned", until(lambda: shown()["own_zone"] == "us-east-1a") is not None, shown())
run("aws", "401")
fault("AWS, 401: its source says so", "HTTP 401")
run("gcp")
check("GCP", own("us-central1-a"), shown())
run("azure")
check("Azure", own("westeurope-2"), shown())
run("azure", "nozone")
fault("Azure, a machine outside zones: its source says so", "is in no zone of westeurope")
run("aws", "ok", "--zone", "mine")
check("the cloud has answered", until(lambda: any(s["name"] == "cloud aws" and s["age_s"] is not None for s in shown()["sources"])) is not None, shown())
check("the setting comes before the cloud", shown()["own_zone"] == "mine" and shown()["own_zone_from"] == "the setting --zone", shown())
run("off")
check("off: nobody is asked", until(lambda: state["asked"], 2) is None and shown()["own_zone"] is None, state)
done()
