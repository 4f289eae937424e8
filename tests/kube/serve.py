#!/usr/bin/env python3
"""A real API server for tests/e2e/65-kube.sh.

Comes in: a FIFO with lines "agents a=ready b=notready ...", "kill", "start". Goes out: the Service ws/agent's slice; the
flags that rezone needs, in $RZK_WORK/flags; a line to $RZK_WORK/served for each command that was done.
"""
import sys
from lib import *

c = Cluster()
c.start()
with open(os.path.join(WORK, "flags"), "w") as f:
    f.write(" ".join(c.flags(service="ws/agent=default")))
nr = {"a": 1, "b": 2, "c": 3}
while True:
    with open(sys.argv[1]) as fifo:
        for line in fifo:
            word, *rest = line.split()
            if word == "kill":
                stop("apiserver")
            elif word == "start":
                c.start_api()
            else:
                c.put(slice_of("agent-1", "agent", [endpoint(f"10.99.{nr[z]}.1", z, "uid-" + z, "node-" + z, ready=r == "ready", serving=r == "ready")
                                                    for z, r in (x.split("=") for x in rest)]))
            with open(os.path.join(WORK, "served"), "a") as f:
                f.write(line)
