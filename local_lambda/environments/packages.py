"""Supplies packages that stand for layers which are known by name only.

A package that the function can import already is used. Any other is installed once, with pip, into
a folder of the user's cache, which then serves as a layer.
"""

import contextlib
import functools
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_INSTALL_LIMIT_S = 300
_VERSION = "import importlib.metadata as m, sys; m.version(sys.argv[1])"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Returns the emulator's folder in the user's cache."""
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "local-lambda"


def package_layers(
    requirements: Iterable[str],
    logical_id: str,
    python: str,
    layers: Iterable[Path],
    isolated: bool = False,
    cache: Path | None = None,
) -> tuple[Path, ...]:
    """Returns a layer folder for each package that neither `python` nor `layers` have.

    With `isolated` the packages of `python` do not count. A package that cannot be installed is
    named in the log, and the function starts without it.
    """
    found = []
    for requirement in requirements:
        name = _distribution(requirement)
        if _in_layers(name, layers) or (not isolated and _in_interpreter(name, python)):
            continue
        if folder := _installed(requirement, python, cache or cache_folder(), logical_id):
            found.append(folder)
    return tuple(found)


def _distribution(requirement: str) -> str:
    match = _NAME.match(requirement.strip())
    return match[0] if match else requirement


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _in_layers(name: str, layers: Iterable[Path]) -> bool:
    folders = [layer for layer in layers if layer.is_dir()]
    infos = [info for folder in folders for info in folder.glob("python/**/*.dist-info")]
    return any(_normalised(info.name.partition("-")[0]) == _normalised(name) for info in infos)


def _in_interpreter(name: str, python: str) -> bool:
    if python == sys.executable:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return bool(metadata.version(name))
        return False
    command = [python, "-c", _VERSION, name]
    return not subprocess.run(command, capture_output=True, check=False).returncode


def _installed(requirement: str, python: str, cache: Path, logical_id: str) -> Path | None:
    """Returns the layer folder with the package, or None, with a line in the log."""
    found = _ensure(requirement, python, cache)
    if isinstance(found, Path):
        return found
    _log.warning(
        "package.missing %s of %s cannot be installed (%s); the function starts without it;"
        " install it: %s -m pip install '%s'",
        requirement,
        logical_id,
        found,
        python,
        requirement,
    )
    return None


@functools.cache  # a package that failed for one function is not tried again for the next
def _ensure(requirement: str, python: str, cache: Path) -> Path | str:
    """Returns the layer folder with the package, installed if need be, or why there is none."""
    try:
        version = _python_version(python)
        key = hashlib.sha256(f"{requirement} {version}".encode()).hexdigest()[:12]
        folder = cache / "packages" / f"{_distribution(requirement)}-{version}-{key}"
        if not folder.is_dir():
            _log.info("package.installing %s for Python %s", requirement, version)
            _install(requirement, python, folder)
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or str(error)
        lines = output.strip().splitlines()
        return lines[-1] if lines else type(error).__name__
    return folder


def _python_version(python: str) -> str:
    if python == sys.executable:
        return f"{sys.version_info[0]}.{sys.version_info[1]}"
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    command = [python, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _install(requirement: str, python: str, folder: Path) -> None:
    """Installs into a folder beside `folder` and renames it, so that no half of it is ever used."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".installing-"))
    try:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--retries", "1", "--timeout", "10", "--no-input"]
        command += ["--target", str(unfinished / "python"), "--", requirement]
        subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_INSTALL_LIMIT_S
        )
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another emulator was faster
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
