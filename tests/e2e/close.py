#!/usr/bin/env python3
"""Ends one connection from the agent's side, by a reset or by a FIN, as rezone or an agent might.

In:  a way (rst or fin), the network namespace of the agent, its PID, its port, and the client's address and port.
Out: exit status 0 if it was found. Who: tests/e2e/close_matrix.py; or a person:

    close.py rst|fin NAMESPACE PID IP:PORT [AGENT_PORT]

A reset is `ss -K` (SOCK_DESTROY over sock_diag). A FIN is shutdown(SHUT_RDWR) on a copy of the agent's own descriptor, got by
pidfd_getfd; the agent reads an end of file and closes.
"""

import ctypes
import os
import socket
import subprocess
import sys

SYS_PIDFD_GETFD = 438  # the same on every architecture
libc = ctypes.CDLL(None, use_errno=True)


def ss(ns, *args):
    return subprocess.run(["ip", "netns", "exec", ns, "ss", *args], capture_output=True, text=True).stdout


def selected(peer, port):
    ip, _, client_port = peer.rpartition(":")
    return ["state", "established", "dst", ip, "dport", "=", f":{client_port}", "sport", "=", f":{port}"]


def reset(ns, peer, port=9092):
    return peer in ss(ns, "-HtnK", *selected(peer, port))


def inode_of(ns, peer, port):
    for word in ss(ns, "-Htne", *selected(peer, port)).split():
        if word.startswith("ino:"):
            return word[4:]
    return None


def fin(ns, pid, peer, port=9092):
    inode = inode_of(ns, peer, port)
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder) if inode else []:
        try:
            if os.readlink(f"{folder}/{name}") != f"socket:[{inode}]":
                continue
        except OSError:
            continue  # closed meanwhile
        pidfd = os.pidfd_open(pid)
        fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, int(name), 0)
        os.close(pidfd)
        if fd < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        with socket.socket(fileno=fd) as s:
            s.shutdown(socket.SHUT_RDWR)
        return True
    return False


if __name__ == "__main__":
    way, ns, pid, peer = sys.argv[1:5]
    port = int(sys.argv[5]) if len(sys.argv) > 5 else 9092
    sys.exit(0 if (reset(ns, peer, port) if way == "rst" else fin(ns, int(pid), peer, port)) else 1)
