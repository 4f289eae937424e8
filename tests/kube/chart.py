"""The chart deploy/helm/rezone, rendered and installed by helm itself.

Comes in: values, as a dictionary. Goes out: the objects of the chart, or helm's refusal. Needs helm (scripts/counterparts helm)
and python3-yaml. Imported by 46-chart.py and 50-image.py.
"""
import json, os, subprocess, tempfile
from lib import ROOT, WORK

try:
    import yaml
except ImportError:
    yaml = None

CHART = os.path.join(ROOT, "deploy", "helm", "rezone")
_path = subprocess.run([os.path.join(ROOT, "scripts", "counterparts"), "path", "helm"], capture_output=True, text=True)
TOOLS = _path.stdout.strip() if _path.returncode == 0 else None
SERVICES = [{"namespace": "warpstream", "service": "warpstream-agent", "group": "default"}]
MISSING = None if yaml and TOOLS else ("helm is not built: scripts/counterparts helm" if yaml else "python3-yaml is not installed (scripts/deps image)")


class Refused(Exception):
    pass


def helm(*args, values=None, env=None):
    """What helm says on stdout. Its home is the test's, so that nobody's settings count."""
    flags = []
    if values is not None:
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=WORK, delete=False) as f:
            json.dump(values, f)
        flags = ["--values", f.name]
    r = subprocess.run([TOOLS + "/helm", *args, *flags], capture_output=True, text=True, timeout=120,
                       env={**os.environ, "HOME": WORK, "HELM_CACHE_HOME": WORK + "/helm", "HELM_CONFIG_HOME": WORK + "/helm", **(env or {})})
    if r.returncode:
        raise Refused("\n".join(x for x in r.stderr.splitlines() if "symbolic link" not in x))
    return r.stdout


def render(values=None, chart=CHART, release="rezone", namespace="rezone"):
    return [o for o in yaml.safe_load_all(helm("template", release, chart, "--namespace", namespace, values=values or {})) if o]


def refusal(values):
    """Why helm does not render it; None if it does."""
    try:
        render(values)
    except Refused as e:
        return str(e)
    return None


def of_kind(objects, kind):
    return [o for o in objects if o["kind"] == kind]


def pod_spec(objects):
    return of_kind(objects, "DaemonSet")[0]["spec"]["template"]["spec"]


def container(objects, name="rezone"):
    return next(c for c in pod_spec(objects)["containers"] if c["name"] == name)


def settings_of(objects):
    """The text of rezone.yaml in the ConfigMap."""
    return next(o for o in of_kind(objects, "ConfigMap") if "rezone.yaml" in o["data"])["data"]["rezone.yaml"]


def within(want, have):
    """Has the server each field that was sent? It may have more: its defaults."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(within(v, have.get(k)) for k, v in want.items() if v not in ({}, [], "", None))
    if isinstance(want, list):
        return isinstance(have, list) and len(want) == len(have) and all(map(within, want, have))
    return want == have
