"""What arena.py starts and waits for.

In:  commands, namespaces, cgroups. Out: processes that end with this one, however it ends.
Who: arena.py.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

libc = ctypes.CDLL(None)


def say(text):
    print(f"# {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def until(seconds, condition, every=0.2):
    """whether it became true in that time"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(every)
    return condition()


class Processes:
    """Everything that is started; ends with this process, however it ends."""

    def __init__(self):
        self.running = {}

    def start(self, name, argv, ns=None, cgroup=None, out=None, err=None, cwd=None):
        def child():
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            if cgroup:
                with open(f"{cgroup}/cgroup.procs", "w") as f:
                    f.write("0")

        if ns:
            argv = ["ip", "netns", "exec", f"{os.environ['P']}-{ns}", *argv]
        with open(out or os.devnull, "ab") as o, open(err or os.devnull, "ab") as e:
            self.running[name] = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=o, stderr=e, preexec_fn=child, cwd=cwd)

    def alive(self, name):
        return name in self.running and self.running[name].poll() is None

    def signal(self, name, sig=signal.SIGTERM):
        if self.alive(name):
            self.running[name].send_signal(sig)

    def ended(self, name, seconds):
        """waits for it; kills it when it does not end. Returns whether it ended by itself"""
        p = self.running.pop(name, None)
        if not p:
            return True
        try:
            p.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            return False

    def stop(self, *names, seconds=10):
        for n in names:
            self.signal(n)
        return [n for n in names if not self.ended(n, seconds)]

    def stop_all(self):
        for n in list(self.running):
            self.signal(n, signal.SIGKILL)
        for n in list(self.running):
            self.ended(n, 5)


def rmdir(name):
    try:
        os.rmdir(name)
    except OSError:
        return not os.path.exists(name)
    return True
