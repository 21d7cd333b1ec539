"""Which Python runs a function: that of its `Runtime`, where it is found and has what it needs.

A runtime of the emulator's own version costs nothing. For any other, interpreters are tried, all
at once.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

import contextlib
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from local_lambda.application import Function

_log = logging.getLogger(__name__)
# The versions that are looked for. Older and newer runtimes get the emulator's own interpreter.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
OWN_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
_RUNTIME = re.compile(r"python(\d+\.\d+)")
_NAMED = re.compile(r"(\d+\.\d+)=(.+)", re.DOTALL)
_NEEDED = ("awslambdaric", "boto3")
_PROBE = (
    "import importlib.util as u, sys;"
    "print('%d.%d' % sys.version_info[:2], *(n for n in sys.argv[1:] if not u.find_spec(n)))"
)
_PROBE_LIMIT_S = 10


class InterpreterError(Exception):
    """An interpreter of the command line cannot be used. The message is a sentence."""


@dataclass(frozen=True)
class Probe:
    """Says what an interpreter is. `version` is empty if it cannot be run."""

    python: str
    version: str = ""
    missing: tuple[str, ...] = ()


@cache
def probe(python: str) -> Probe:
    """Runs the interpreter once, to ask for its version and what it cannot import."""
    command = [python, "-c", _PROBE, *_NEEDED]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_PROBE_LIMIT_S
        )
    except (OSError, subprocess.SubprocessError):
        return Probe(python)
    version, *missing = ended.stdout.split() or [""]
    return Probe(python, version, tuple(missing))


@dataclass(frozen=True)
class Named:
    """Holds the interpreters of the command line: one for all functions, or by version."""

    for_all: str = ""
    by_version: Mapping[str, str] = field(default_factory=dict)


def named(texts: Iterable[str]) -> Named:
    """Reads `--python PATH` and `--python 3.12=PATH`. Raises InterpreterError."""
    for_all = ""
    by_version = {}
    for text in texts:
        if match := _NAMED.fullmatch(text):
            by_version[match[1]] = _existing(match[2])
        else:
            for_all = _existing(text)
    for version, python in by_version.items():
        found = probe(python).version
        if found != version:
            what = f"is Python {found}" if found else "cannot be run"
            raise InterpreterError(f"--python {version}={python}: {python} {what}")
    return Named(for_all, by_version)


def _existing(name: str) -> str:
    if found := shutil.which(os.path.expanduser(name)):
        return os.path.abspath(found)
    raise InterpreterError(f"--python {name}: there is no such program")


def choose(
    functions: Iterable[Function], given: Named, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Returns the interpreter of each function, by logical id.

    Names functions that another version of Python runs, once for each runtime, with what to do.
    """
    chosen: dict[str, str] = {}
    others: dict[str, list[str]] = {}
    for function in functions:
        version = version_of(function)
        if not version or version == OWN_VERSION or version in given.by_version or given.for_all:
            chosen[function.logical_id] = given.by_version.get(
                version, given.for_all or sys.executable
            )
        else:
            others.setdefault(version, []).append(function.logical_id)
    for version, names in others.items():
        chosen |= dict.fromkeys(names, _found_or_own(version, names, environ))
    return chosen


def version_of(function: Function) -> str:
    """Returns the version of Python that a runtime means, or an empty text."""
    match = _RUNTIME.fullmatch(function.runtime)
    return match[1] if match else ""


def _found_or_own(version: str, names: list[str], environ: Mapping[str, str]) -> str:
    if version not in VERSIONS:  # a finding of the template names it
        return sys.executable
    with ThreadPoolExecutor(max_workers=4) as threads:
        probes = list(threads.map(probe, candidates(version, environ)))
    fitting = [each for each in probes if each.version == version]
    for each in fitting:
        if not each.missing:
            _log.info("runtime.python %s: python%s is %s", ", ".join(names), version, each.python)
            return each.python
    python = fitting[0].python if fitting else f"python{version}"
    found = "" if fitting else f"install Python {version}, then "
    folder = f".venv-{version}"
    _say_own(
        version,
        names,
        f"to run it by its own, {found}{python} -m venv {folder} &&"
        f" {folder}/bin/pip install {' '.join(_NEEDED)}, and"
        f" --python {version}={folder}/bin/python",
    )
    return sys.executable


def _say_own(version: str, names: list[str], advice: str) -> None:
    _log.warning(
        "runtime.other_python %s: the Runtime is python%s, and Python %s of the emulator runs it;"
        " %s",
        ", ".join(names),
        version,
        OWN_VERSION,
        advice,
    )


def candidates(version: str, environ: Mapping[str, str]) -> list[str]:
    """Returns the interpreters of a version on PATH, of pyenv and of uv, each once."""
    name = f"python{version}"
    home = Path(environ.get("HOME") or "~").expanduser()
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    on_path = shutil.which(name, path=environ.get("PATH", ""))
    found = [Path(on_path)] if on_path else []
    for folder, pattern in ((pyenv, f"{version}*"), (uv, f"cpython-{version}.*")):
        with contextlib.suppress(OSError):  # it may be another user's
            found += sorted(folder.glob(f"{pattern}/bin/{name}"), reverse=True)
    return list(dict.fromkeys(str(path) for path in found))
