"""Holds all that needs Linux: /opt, /var/task and /var/runtime by mount namespaces.

On another system, or where the system does not allow it, paths are substituted: a `Namespace` is
None, and a sentence says why.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import functools
import os
import py_compile
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = Path(__file__).parents[1] / "programs/enter.py"
TASK = Path("/var/task")
OPT = Path("/opt")
RUNTIME = Path("/var/runtime")
_LIMIT_S = 10
_NODE = "node_modules"


@dataclass(frozen=True)
class Namespace:
    """Says how a process gets Lambda's paths. `program` is the compiled `enter.py`."""

    program: Path
    is_user: bool = False  # an unprivileged user mounts in a user namespace

    def command(self, task: Path, opt: Path, runtime: Path, command: Sequence[str]) -> list[str]:
        """Returns the command that gives `command` Lambda's paths and then becomes it.

        /opt and /var/runtime are read-only, and so is /var/task, unless the code has links that
        lead out of it: then /var/task is a link itself, because such a link works only from where
        the code lies.
        """
        words = [_python(), "-I", "-S", str(self.program)]
        words += ["--user"] if self.is_user else []
        words += ["--link" if leads_out(task) else "--bind", str(task), str(TASK)]
        words += ["--bind", str(opt), str(OPT)]
        words += ["--bind", str(runtime), str(RUNTIME)]
        return [*words, "--cd", str(TASK), "--", *command]


def _python() -> str:
    """Returns the emulator's interpreter. That of no virtual environment starts fastest."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def namespace(directory: Path) -> Namespace | str:
    """Tries in `directory`, an empty folder, whether mount namespaces can be had.

    Returns the sentence that says why not.
    """
    if not sys.platform.startswith("linux"):
        return "mount namespaces exist on Linux only"
    if not OPT.is_dir():
        return "this machine has no folder /opt"
    program = directory / "enter.pyc"
    py_compile.compile(str(_PROGRAM), cfile=str(program), doraise=True)
    tries = [Namespace(program), Namespace(program, is_user=True)]
    reason = ""
    for candidate in tries if os.geteuid() == 0 else tries[1:]:
        command = candidate.command(directory, directory, directory, command=["/bin/true"])
        try:
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_LIMIT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"mount namespaces cannot be tried here: {error}"
        if not ended.returncode:
            return candidate
        reason = ended.stderr.strip().rpartition("paths: ")[2]
    return f"this user may make no mount namespace ({reason})"


def hidden(paths: Iterable[str | Path]) -> str:
    """Returns the first of the paths that Lambda's paths would hide, or an empty text."""
    places = (OPT, TASK, RUNTIME)
    for path in paths:
        ways = (Path(path), Path(os.path.realpath(path)))
        if any(way.is_relative_to(place) for way in ways for place in places):
            return str(path)
    return ""


@functools.cache
def leads_out(folder: Path) -> bool:
    """Says whether a folder has relative links that lead out of it.

    What packaging tools leave out is not looked at.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(place, name)
            if os.path.islink(path) and _is_outside(path, folder):
                return True
        folders[:] = [name for name in folders if not name.startswith(".") and name != _NODE]
    return False


def _is_outside(link: str, folder: Path) -> bool:
    target = os.readlink(link)
    if os.path.isabs(target):
        return False
    reached = os.path.normpath(os.path.join(os.path.dirname(link), target))
    return not Path(reached).is_relative_to(folder)
