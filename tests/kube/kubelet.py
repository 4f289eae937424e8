"""What a kubelet does for the pods of one node, as far as the chart uses it: there is none here.

Comes in: a Pod as the API server has it, bound to this node by us, for there is no scheduler either. Goes out: its volumes as a
kubelet lays them out (a ConfigMap behind ..data, swapped whole; a token of the pod's service account, asked for at the API server),
its containers started by runc or crun (pod.py), its probes asked, its status reported, and, when it is deleted, its containers
ended within its grace period and the Pod removed. Imported by 50-image.py.
"""
import os, shutil, subprocess, time
import pod as oci
from lib import WORK, children, spawn, until


class Node:
    def __init__(self, cluster, name, address, rootfs, image, host):
        """`host` says which folder stands for a hostPath."""
        self.c, self.name, self.address, self.rootfs, self.image, self.host = cluster, name, address, rootfs, image, host
        self.boxes, self.last_written = {}, {}

    def bind(self, namespace, name):
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        self.c.call("POST", path + "/binding", {"metadata": {"name": name}, "target": {"kind": "Node", "name": self.name}})
        self.path, self.namespace = path, namespace
        self.pod = self.c.call("GET", path)
        return self.pod

    # ---- volumes ----

    def objects(self, kind, name):
        return self.c.call("GET", f"/api/v1/namespaces/{self.namespace}/{kind}/{name}")

    def write(self, folder, files):
        """As a kubelet does it: files are links by way of ..data, which is put in place at once."""
        os.makedirs(folder, exist_ok=True)
        stamp = f"..{time.time_ns()}"
        os.mkdir(os.path.join(folder, stamp))
        for name, text in files.items():
            with open(os.path.join(folder, stamp, name), "w") as f:
                f.write(text)
            if not os.path.islink(os.path.join(folder, name)):
                os.symlink("..data/" + name, os.path.join(folder, name))
        was = os.path.realpath(os.path.join(folder, "..data"))
        os.symlink(stamp, os.path.join(folder, "..new"))
        os.rename(os.path.join(folder, "..new"), os.path.join(folder, "..data"))
        if os.path.basename(was) != "..data":
            shutil.rmtree(was)

    def token(self, source):
        account = self.pod["spec"]["serviceAccountName"]
        r = self.c.call("POST", f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{account}/token",
                        {"spec": {"expirationSeconds": source["expirationSeconds"]}})
        return r["status"]["token"]

    def volumes(self):
        """Writes those that come from the API server; called again, what has changed there."""
        for v in self.pod["spec"]["volumes"]:
            folder = os.path.join(WORK, "volumes", v["name"])
            if "configMap" in v:
                self.write(folder, self.objects("configmaps", v["configMap"]["name"])["data"])
            elif "projected" in v:
                files = {}
                for s in v["projected"]["sources"]:
                    if "serviceAccountToken" in s:
                        files[s["serviceAccountToken"]["path"]] = self.token(s["serviceAccountToken"])
                    else:
                        data = self.objects("configmaps", s["configMap"]["name"])["data"]
                        files.update({i["path"]: data[i["key"]] for i in s["configMap"]["items"]})
                self.write(folder, files)
            else:
                continue
            self.host["volume:" + v["name"]] = folder
        return True

    # ---- containers ----

    def start(self):
        until(self.volumes) # a controller makes some of what they have
        spec = self.pod["spec"]
        fields = {"spec.nodeName": self.name, "status.podIP": self.address}
        for c in spec["containers"]:
            name = c["name"]
            root = os.path.join(WORK, "rootfs-" + name)
            shutil.copytree(self.rootfs, root, symlinks=True)
            conf = oci.config(spec, c, self.image, self.host, fields, extra_env=[
                "KUBERNETES_SERVICE_HOST=" + self.c.address, f"KUBERNETES_SERVICE_PORT={self.c.port}"])
            self.boxes[name] = oci.Container(f"rezone-{os.getpid()}-{name}", WORK, root, conf)
            spawn("box-" + name, self.boxes[name].command())

    def restart(self):
        """restartPolicy Always: starts again those that have ended."""
        for name, box in self.boxes.items():
            if children["box-" + name].poll() is not None:
                box.delete()
                spawn("box-" + name, box.command())

    def probe(self, kind, container="rezone"):
        c = next(c for c in self.pod["spec"]["containers"] if c["name"] == container)
        return self.boxes[container].exec(*c[kind]["exec"]["command"]).returncode

    def ready(self, seconds):
        """Until the readiness probe is content: the seconds that took, which the API server is then told."""
        took = until(lambda: self.probe("readinessProbe") == 0, seconds)
        self.report("True" if took is not None else "False")
        return took

    def report(self, ready):
        self.c.call("PATCH", self.path + "/status", {"status": {
            "phase": "Running", "hostIP": self.address, "podIP": self.address, "podIPs": [{"ip": self.address}],
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [{"name": n, "ready": ready == "True", "restartCount": 0, "image": "x", "imageID": "x",
                                   "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}} for n in self.boxes]}}, type="application/merge-patch+json")

    def end(self):
        """SIGTERM to all, SIGKILL when the grace period is over: the seconds it took; None if SIGKILL was needed."""
        for box in self.boxes.values():
            box.kill("TERM")
        took = until(lambda: all(children["box-" + n].poll() is not None for n in self.boxes), self.pod["spec"]["terminationGracePeriodSeconds"])
        codes = {n: children["box-" + n].poll() for n in self.boxes}
        self.delete()
        return took, codes

    def written(self):
        """The files of each container's root, with their sizes: none is written to."""
        return {n: subprocess.run(["find", os.path.join(WORK, "rootfs-" + n), "-xdev", "-type", "f", "-printf", "%P %s\n"], capture_output=True).stdout
                for n in self.boxes}

    def delete(self):
        self.last_written = self.written()
        for name, box in self.boxes.items():
            box.delete()
            children.pop("box-" + name, None)
            shutil.rmtree(os.path.join(WORK, "rootfs-" + name), ignore_errors=True)
            shutil.rmtree(box.bundle, ignore_errors=True)
        self.boxes = {}

    def gone(self):
        """Is the Pod being deleted?"""
        return self.c.call("GET", self.path).get("metadata", {}).get("deletionTimestamp") is not None

    def remove(self):
        self.c.call("DELETE", self.path + "?gracePeriodSeconds=0")
