"""Samples how much the service's processes hold: memory, file descriptors, threads."""

import contextlib
import statistics
import time
from pathlib import Path

WARM_UP = 0.3  # a share of the time, in which buffers, pools and caches fill
# Growth that is no leak: a share, and so much on top.
ALLOWED = {"memory_mb": (0.15, 12), "descriptors": (0.2, 30), "threads": (0.2, 15)}


def held_by(pid):
    """Returns what a process holds, or None if there is none."""
    proc = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = dict(
            line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line
        )
        return {
            "memory_mb": _own_memory_mb(proc),
            "descriptors": len(list((proc / "fd").iterdir())),
            "threads": int(status["Threads"]),
        }
    return None


def _own_memory_mb(proc):
    """Memory that ends with the process (USS)."""
    rollup = (proc / "smaps_rollup").read_text().splitlines()
    private = [int(line.split()[1]) for line in rollup if line.startswith("Private_")]
    return sum(private) / 1024


class Watched:
    """The samples of one process, by a name that people know it by."""

    def __init__(self, name):
        self.name = name
        self.pid = None
        self.samples = []

    def sample(self, pid):
        if pid != self.pid:  # another process has that name now
            self.pid = pid
            self.samples = []
        held = held_by(pid) if pid else None
        if held:
            self.samples.append((time.monotonic(), held))

    @property
    def seconds(self):
        return self.samples[-1][0] - self.samples[0][0] if self.samples else 0

    def last(self, what):
        return self.samples[-1][1][what] if self.samples else 0

    def growth(self, what):
        """Returns the medians of the first and the last quarter after the warm-up."""
        warm = [held[what] for _, held in self.samples[int(len(self.samples) * WARM_UP) :]]
        quarter = max(1, len(warm) // 4)
        if not warm:
            return 0, 0
        return statistics.median(warm[:quarter]), statistics.median(warm[-quarter:])

    def leaks(self):
        """Returns sentences on what grows more than it may."""
        found = []
        for what, (share, more) in ALLOWED.items():
            before, after = self.growth(what)
            if after > before * (1 + share) + more:
                found.append(f"{self.name}: {what} grew from {before:.0f} to {after:.0f}")
        return found
