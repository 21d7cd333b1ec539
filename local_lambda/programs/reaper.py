"""Outlives the emulator by a moment: when its standard input ends, kills every process group it was told of.

So that nothing is left behind even when the emulator itself was killed.
Lines: `add PGID`, `remove PGID`, `directory PATH`.
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
