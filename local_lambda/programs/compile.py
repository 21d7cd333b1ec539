"""Compiles the Python files of folders, beside them, where their readers may not write.

Run by path with the folders as arguments, by the interpreter that will read the bytecode. Takes
only time that nobody else wants. Errors are those of the files, which say them when they are
imported.
"""

import contextlib
import os
import py_compile
import sys
import warnings
from importlib.util import cache_from_source


def main() -> None:
    os.nice(19)
    warnings.simplefilter("ignore")  # an import says them again
    for folder in sys.argv[1:]:
        for place, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if _is_code(os.path.join(place, name))]
            for name in files:
                if name.endswith(".py"):
                    _compile(os.path.join(place, name))


def _is_code(folder: str) -> bool:
    name = os.path.basename(folder)
    is_environment = os.path.exists(os.path.join(folder, "pyvenv.cfg"))
    return not (name.startswith(".") or name in ("__pycache__", "node_modules") or is_environment)


def _compile(path: str) -> None:
    with contextlib.suppress(OSError, ValueError, RecursionError, py_compile.PyCompileError):
        cached = cache_from_source(path)
        if not os.path.exists(cached) or os.path.getmtime(cached) < os.path.getmtime(path):
            py_compile.compile(path, cfile=cached, doraise=True)


if __name__ == "__main__":
    main()
