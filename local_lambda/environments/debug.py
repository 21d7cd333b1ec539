"""`--debug`: starts a function's process under debugpy, which waits for a debugger.

debugpy is the developer's. A stand-in for the interpreter runs `programs/debugged.py`, which starts
debugpy and then what the interpreter would have run. So it works for the stock client, and through
wrapper scripts and `provided.*` bootstraps that start Python.
https://github.com/microsoft/debugpy/wiki/API-Reference
"""

import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_lambda.application import Function

_PROGRAM = Path(__file__).parents[1] / "programs/debugged.py"
_FIND = (
    "import importlib.util as u, os; spec = u.find_spec('debugpy');"
    " print(os.path.dirname(os.path.dirname(spec.origin)) if spec else '')"
)
# A `provided.*` bootstrap looks one of these up.
_NAMES = ("python", "python3", "python3.11", "python3.12", "python3.13", "python3.14")
DEFAULT_HOST = "127.0.0.1"


class DebugError(Exception):
    """A function cannot be debugged as `--debug` says. The message is a sentence."""


@dataclass(frozen=True)
class DebugTarget:
    """One `--debug`: a function's name or logical id, and where its debugger listens."""

    function: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "DebugTarget":
        """Reads `Function:5678` or `Function:HOST:5678`. Raises DebugError."""
        before, _, port = text.rpartition(":")
        function, _, host = before.partition(":")
        if not function or not port.isdecimal() or int(port) > 65535:
            raise DebugError(f"{text!r} is not Function:PORT or Function:HOST:PORT")
        return cls(function, host.strip("[]") or DEFAULT_HOST, int(port))

    def find(self, functions: Iterable[Function]) -> Function:
        """Returns the function that is meant. Raises DebugError."""
        known = list(functions)
        for function in known:
            if self.function in (function.logical_id, function.name):
                return function
        names = ", ".join(function.logical_id for function in known) or "none"
        raise DebugError(f"--debug: there is no function {self.function}; there are: {names}")


@dataclass(frozen=True)
class Debugger:
    """Listens for a debugger at `host` and `port`. `folder` is where debugpy can be imported."""

    host: str
    port: int
    folder: str

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def applied(
        self,
        command: Sequence[str],
        variables: dict[str, str],
        python: str,
        runtime: tuple[Path, Path],
    ) -> tuple[list[str], dict[str, str]]:
        """Returns a command and its variables, with a stand-in for the interpreter `python`.

        The stand-in is made in a new folder below `runtime`, a folder here and as the function sees
        it. Where the command does not name the interpreter, as with `provided.*`, the stand-in
        comes first on the PATH, until it has been used.
        """
        arguments = (self.host, str(self.port), self.folder)
        return stand_in(command, variables, python, runtime=runtime, run=(_PROGRAM, *arguments))


def stand_in(
    command: Sequence[str],
    variables: dict[str, str],
    python: str,
    *,
    runtime: tuple[Path, Path],
    run: tuple[Path, *tuple[str, ...]],
) -> tuple[list[str], dict[str, str]]:
    """Returns a command whose interpreter starts the program `run` before the one that it is for.

    `run` is a program of the emulator and its first arguments. See `Debugger.applied`.
    """
    here, seen = runtime
    program, *arguments = run
    folder = Path(tempfile.mkdtemp(prefix="python-", dir=here))
    folder.chmod(0o755)
    there = seen / folder.name
    shutil.copy(program, folder)
    names = folder / "bin"
    names.mkdir()
    words = shlex.join([str(there / program.name), *arguments])
    text = _SCRIPT.format(python=shlex.quote(python), run=words)
    if python not in command:
        for name in _NAMES:
            _write_executable(names / name, text)
        path = f"{there / 'bin'}:{variables.get('PATH', '')}"
        return list(command), {**variables, "PATH": path}
    _write_executable(folder / "python-stand-in", text)
    result = list(command)
    # A launcher that comes before may be run by the same interpreter.
    last = len(result) - 1 - result[::-1].index(python)
    result[last] = str(there / "python-stand-in")
    return result, variables


def _write_executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


_SCRIPT = """#!/bin/sh
# Stands in for Python: lets another program start the one that is run, but no -c and no -m.
options=
while :; do
    case "${{1:-}}" in
    -[XW]) options="$options $1 ${{2:-}}"; shift 2 ;;
    -c | -m | - | '') exec {python} $options "$@" ;;
    -*) options="$options $1"; shift ;;
    *) break ;;
    esac
done
exec {python} -X frozen_modules=off $options {run} "$@"
"""


def free_port(host: str, port: int) -> int:
    """Returns `port`, or any free one if it is 0. Raises OSError if it cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        return int(listener.getsockname()[1])


def debugpy_folder(pythons: Iterable[str]) -> str:
    """Returns the folder from which debugpy can be imported.

    `pythons` are interpreters: the first one that has debugpy lends it. Raises DebugError.
    """
    tried = list(dict.fromkeys(pythons))
    for python in tried:
        found = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, check=False)
        if folder := found.stdout.strip():
            return folder
    hint = f"{shlex.quote(tried[-1])} -m pip install debugpy"
    raise DebugError(f"--debug: debugpy is not installed for the functions; install it: {hint}")
