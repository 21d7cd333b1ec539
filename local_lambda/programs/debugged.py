"""Runs a program under debugpy: `debugged.py HOST PORT FOLDER PROGRAM [ARGUMENT ...]`.

debugpy is imported from FOLDER, which does not stay on the import path. The program begins when a
debugger has attached. Imports nothing of the emulator.
"""

import importlib
import os
import runpy
import socket
import sys
import time

# The debugger of the process that ran before may hold the port for a moment.
_FREE_WITHIN_S = 10.0
_PAUSE_S = 0.05


def main() -> None:
    host, port, folder, program, *arguments = sys.argv[1:]
    _wait_until_free(host, int(port))
    # Without that, debugpy would say at length how to debug frozen modules and files elsewhere.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # Only this program is debugged: others that it starts by name get the interpreter itself.
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin")
    path = [entry for entry in os.environ.get("PATH", "").split(":") if entry != own]
    os.environ["PATH"] = ":".join(path)
    sys.path.insert(0, folder)
    debugpy = importlib.import_module("debugpy")
    sys.path.remove(folder)
    # Otherwise each child process would wait for a debugger of its own.
    debugpy.configure(subProcess=False)
    debugpy.listen((host, int(port)))
    print(f"debugpy waits for a debugger at {host}:{port}", file=sys.stderr, flush=True)
    debugpy.wait_for_client()
    sys.argv[:] = [program, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(program))
    runpy.run_path(program, run_name="__main__")


def _wait_until_free(host: str, port: int) -> None:
    until_s = time.monotonic() + _FREE_WITHIN_S
    while True:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            socket.create_server((host, port), family=family).close()
            return
        except OSError as error:
            if time.monotonic() > until_s:
                sys.exit(f"debugpy cannot listen at {host}:{port}: {error.strerror}")
            time.sleep(_PAUSE_S)


if __name__ == "__main__":
    main()
