#!/usr/bin/env python3
"""Looks at an agent's connections, and ends one from the agent's side by a reset or by a FIN, as rezone or an agent might.

In:  the agent's network namespace, its PID and port, the client's address and port. Out: whether it was found.
Who: tests/e2e/close_matrix.py; or a person:

    close.py rst|fin NAMESPACE PID IP:PORT [AGENT_PORT]

A reset is SOCK_DESTROY over sock_diag, what `ss -K` does, without starting a program between look and reset. A FIN is
shutdown(SHUT_RDWR) on a copy of the agent's own descriptor, got by pidfd_getfd; the agent reads an end of file and closes.
IPv4 only. Layouts: linux/inet_diag.h, linux/tcp.h (struct tcp_info).
"""

import collections
import ctypes
import os
import socket
import struct
import sys

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, SOCK_DESTROY = 4, 20, 21
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 1, 4, 0x300, 2, 3
INET_DIAG_INFO, TCP_ESTABLISHED, CLONE_NEWNET = 2, 1, 0x40000000
SYS_PIDFD_GETFD = 438  # the same on every architecture
libc = ctypes.CDLL(None, use_errno=True)

# queued: bytes that the agent has not read or the client has not acknowledged; times in ms
Connection = collections.namedtuple("Connection", "local peer queued since_sent since_got inode id")


def in_namespace(name):
    """a sock_diag socket that sees that namespace, opened in it"""
    with open("/proc/self/ns/net") as ours, open(f"/run/netns/{name}") as theirs:
        if libc.setns(theirs.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        finally:
            libc.setns(ours.fileno(), CLONE_NEWNET)


def info_of(attributes):
    while len(attributes) >= 4:
        size, kind = struct.unpack_from("=HH", attributes)
        if kind == INET_DIAG_INFO:
            return attributes[4:size]
        attributes = attributes[(size + 3) & ~3 :]
    return bytes(60)


class Diag:
    def __init__(self, namespace):
        self.socket = in_namespace(namespace)

    def ask(self, kind, flags, id):
        body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), 0, 1 << TCP_ESTABLISHED)
        head = struct.pack("=IHHII", 16 + len(body) + len(id), kind, NLM_F_REQUEST | flags, 0, 0)
        self.socket.send(head + body + id)
        while True:
            data = self.socket.recv(1 << 20)
            while len(data) >= 16:
                size, kind = struct.unpack_from("=IH", data)
                yield kind, data[16:size]
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    return
                data = data[(size + 3) & ~3 :]

    def connections(self, port):
        """established ones to that port, by (local ip, "peer ip:port")"""
        found = {}
        id = struct.pack("!HH", port, 0) + bytes(44)
        for kind, m in self.ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, id):
            if kind != SOCK_DIAG_BY_FAMILY:
                continue
            sport, dport = struct.unpack_from("!HH", m, 4)
            local, peer = socket.inet_ntoa(m[8:12]), socket.inet_ntoa(m[24:28])
            _, read, written, _, inode = struct.unpack_from("=5I", m, 52)
            sent, got = struct.unpack_from("=I4xI", info_of(m[72:]), 44)
            if sport == port:
                c = Connection(local, f"{peer}:{dport}", read + written, sent, got, inode, m[4:52])
                found[local, c.peer] = c
        return found

    def reset(self, c):
        return all(kind == NLMSG_ERROR and not any(m[:4]) for kind, m in self.ask(SOCK_DESTROY, NLM_F_ACK, c.id))


def fin(pid, c):
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{name}") != f"socket:[{c.inode}]":
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


def main(way, namespace, pid, peer, port="9092"):
    diag = Diag(namespace)
    done = [diag.reset(c) if way == "rst" else fin(int(pid), c) for c in diag.connections(int(port)).values() if c.peer == peer]
    return 0 if done and all(done) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
