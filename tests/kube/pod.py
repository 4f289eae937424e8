"""A container of a pod template, started as a kubelet would have it started, but by runc or crun alone.

Comes in: a container and its pod spec as in a manifest, and where the host's folders are. Goes out: an OCI runtime
configuration (runtime-spec 1.0). There is no kubelet here: what it does of a spec is written down below, as far as
deploy/ uses it, and what it does besides in kubelet.py. Imported by kubelet.py.
"""
import copy, json, os, re, shutil, subprocess

# in the order of their numbers (linux/capability.h)
CAPS = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST
NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE
SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND
AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
# what containerd gives a container that asks for nothing
USUAL = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP".split()
PROPAGATION = {"Bidirectional": "rshared", "HostToContainer": "rslave", "None": "rprivate", None: "rprivate"}
# what containerd keeps from containers that are not privileged (its oci package, procMount Default)
HIDDEN = {"maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                          "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"],
          "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]}
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def own_capabilities():
    """What a runtime can give: those of its own bounding set. A bit is a capability's number, and CAPS has their order."""
    with open("/proc/self/status") as f:
        mask = next(int(line.split()[1], 16) for line in f if line.startswith("CapBnd:"))
    return [c for n, c in enumerate(CAPS) if mask >> n & 1]


def capabilities(security):
    """Those that are asked for, as far as this machine's root has them: a runtime cannot give others."""
    own = own_capabilities()
    if security.get("privileged"):
        return ["CAP_" + c for c in own]
    c = security.get("capabilities", {})
    have = [] if "ALL" in c.get("drop", []) else [x for x in USUAL if x not in c.get("drop", [])]
    return ["CAP_" + x for x in have + [x for x in c.get("add", []) if x not in have] if x in own]


def environment(container, fields):
    out = []
    for e in container.get("env", []):
        value = e.get("value") if "value" in e else fields[e["valueFrom"]["fieldRef"]["fieldPath"]]
        out.append(f"{e['name']}={value}")
    return out


def expand(args, env):
    """$(NAME), as Kubernetes puts variables into arguments."""
    values = dict(e.split("=", 1) for e in env)
    return [re.sub(r"\$\((\w+)\)", lambda m: values.get(m[1], m[0]), a) for a in args]


def mounts(pod, container, host):
    """`host` says which folder stands for a hostPath, so that a test has a BPF file system and a cgroup of its own."""
    volumes = {v["name"]: v for v in pod.get("volumes", [])}
    out = [{"destination": "/proc", "type": "proc", "source": "proc"},
           {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
           {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "rslave", "ro"]}]
    for m in container.get("volumeMounts", []):
        v = volumes[m["name"]]
        path = v["hostPath"]["path"] if "hostPath" in v else "volume:" + m["name"] # which kubelet.py has written
        out.append({"destination": m["mountPath"], "type": "bind", "source": host.get(path, path),
                    "options": ["rbind", PROPAGATION[m.get("mountPropagation")], "ro" if m.get("readOnly") else "rw"]})
    return out


def memory_limit(container):
    text = container.get("resources", {}).get("limits", {}).get("memory")
    return int(text[:-2]) * UNITS[text[-2:]] if text else None


def config(pod, container, image, host, fields, extra_mounts=(), extra_env=()):
    """`image` is the image's own configuration (entrypoint, environment)."""
    security = container.get("securityContext", {})
    caps = capabilities(security)
    command = container.get("command") or image["Entrypoint"]
    args = container.get("args", [] if container.get("command") else image.get("Cmd", []))
    env = [*image.get("Env", []), *environment(container, fields), *extra_env]
    spaces = ["mount"] + ["ipc"] * (not pod.get("hostIPC")) + ["pid"] * (not pod.get("hostPID"))
    spaces += ["network", "uts"] * (not pod.get("hostNetwork"))
    user = security.get("runAsUser", 0)
    limit = memory_limit(container)
    return {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs", "readonly": bool(security.get("readOnlyRootFilesystem"))},
        "process": {"terminal": False, "cwd": "/", "args": expand([*command, *args], env), "env": env,
                    "user": {"uid": user, "gid": security.get("runAsGroup", user)},
                    "capabilities": {k: caps for k in ("bounding", "effective", "permitted")},
                    "noNewPrivileges": security.get("allowPrivilegeEscalation", True) is False},
        "mounts": mounts(pod, container, host) + list(extra_mounts),
        "linux": {"namespaces": [{"type": s} for s in spaces], "rootfsPropagation": "rslave",
                  "resources": {"memory": {"limit": limit}} if limit else {}, **({} if security.get("privileged") else HIDDEN)},
    }


# crun refuses a host that has v1 controllers beside v2, runc does not
RUNTIME = shutil.which("runc") or (os.path.exists("/sys/fs/cgroup/cgroup.controllers") and shutil.which("crun"))


class Container:
    """A running container; the runtime's state is in `work`."""

    def __init__(self, name, work, rootfs, conf):
        self.name, self.root = name, os.path.join(work, "runtime")
        self.bundle = os.path.join(work, name)
        os.makedirs(self.bundle)
        conf = copy.deepcopy(conf)
        conf["root"]["path"] = rootfs
        with open(os.path.join(self.bundle, "config.json"), "w") as f:
            json.dump(conf, f, indent=1)

    def runtime(self, *args):
        return [RUNTIME, "--root", self.root, *args]

    def command(self):
        return self.runtime("run", "--bundle", self.bundle, self.name)

    def exec(self, *args):
        return subprocess.run(self.runtime("exec", self.name, *args), capture_output=True, timeout=60)

    def kill(self, signal):
        return subprocess.run(self.runtime("kill", self.name, signal), capture_output=True)

    def delete(self):
        subprocess.run(self.runtime("delete", "--force", self.name), capture_output=True)
