"""Kills the emulator's processes when the emulator dies, even if it was killed itself.

Reads lines from standard input: `add PGID`, `remove PGID`, `directory PATH`, `cgroup PATH`. When
the input ends, it kills the remaining process groups, and removes the directories and control
groups.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

_TRIES = 50
_PAUSE_S = 0.02


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: set[int] = set()
    directories: set[str] = set()
    control_groups: set[str] = set()
    for line in sys.stdin:
        verb, _, value = line.strip().partition(" ")
        if verb == "add":
            groups.add(int(value))
        elif verb == "remove":
            groups.discard(int(value))
        elif verb == "cgroup":
            control_groups.add(value)
        else:
            directories.add(value)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
    for folder in control_groups:
        _remove_control_group(folder)


def _remove_control_group(folder: str) -> None:
    """Ends what runs in a control group and the groups in it, and removes them."""
    for place, _, files in os.walk(folder, topdown=False):
        for _ in range(_TRIES):
            with contextlib.suppress(OSError):
                os.rmdir(place)
                break
            _kill_members(os.path.join(place, "cgroup.procs") if files else "")
            time.sleep(_PAUSE_S)


def _kill_members(path: str) -> None:
    with contextlib.suppress(OSError), open(path) as members:
        for pid in members:
            os.kill(int(pid), signal.SIGKILL)


if __name__ == "__main__":
    main()
