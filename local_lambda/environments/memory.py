"""How much memory has a process tree used at most? Only Linux tells it of other processes."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def peak_memory_mb(pid: int, proc: Path = _PROC) -> int | None:
    """Returns the largest resident sizes of a process and its descendants, summed, in MB.

    Memory that forked processes share counts once for each of them. Returns None where there is no
    such process, and on systems other than Linux.
    """
    peaks_kb = [peak for each in _tree(pid, proc) if (peak := _peak_kb(each, proc)) is not None]
    return -(-sum(peaks_kb) // 1024) if peaks_kb else None


def _tree(pid: int, proc: Path) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        pid = waiting.pop()
        yield pid
        with contextlib.suppress(OSError):
            for children in (proc / str(pid) / "task").glob("*/children"):
                waiting += map(int, children.read_text().split())


def _peak_kb(pid: int, proc: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return None
