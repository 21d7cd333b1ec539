"""Kills the emulator's processes when the emulator dies, even if it was killed itself.

Reads lines from standard input: `add PGID`, `remove PGID`, `directory PATH`. When the input ends,
it kills the remaining process groups and removes the directories.
"""

import contextlib
import os
import shutil
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    groups: set[int] = set()
    directories: set[str] = set()
    for line in sys.stdin:
        verb, _, value = line.strip().partition(" ")
        if verb == "add":
            groups.add(int(value))
        elif verb == "remove":
            groups.discard(int(value))
        else:
            directories.add(value)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
