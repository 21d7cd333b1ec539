"""Runs `copied.py PROGRAM [ARGUMENT ...]` with `random` as in every copy of one snapshot.

Imports nothing of the emulator.
"""

import os
import random
import runpy
import sys

_SEED = "one snapshot"


def main() -> None:
    # Only this program is a copy: others that it starts by name get the interpreter itself.
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin")
    path = [entry for entry in os.environ.get("PATH", "").split(":") if entry != own]
    os.environ["PATH"] = ":".join(path)
    random.seed(_SEED)
    sys.argv[:] = sys.argv[1:]
    program = sys.argv[0]
    sys.path[0] = os.path.dirname(os.path.abspath(program))
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
