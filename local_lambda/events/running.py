"""Remembers the emulators that run, so that `local-lambda event` finds the right one.

Each emulator of a user has a small file with its addresses, which it removes when it ends.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


class NotFound(Exception):
    """There is no emulator to send to, or more than one. The message says what to do."""


@dataclass(frozen=True)
class Running:
    pid: int
    admin: str
    template: str


def folder() -> Path:
    """Returns the user's folder for such files: under XDG_RUNTIME_DIR if there is one."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and os.path.isdir(base):
        return Path(base) / "local-lambda"
    return Path(tempfile.gettempdir()) / f"local-lambda-{os.getuid()}"


@contextlib.contextmanager
def remembered(running: Running, directory: Path) -> Iterator[None]:
    """Keeps the file while the block runs. Where it cannot be written, `--admin` is needed."""
    path = directory / f"{running.pid}.json"
    with contextlib.suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_private(directory):
            following = path.with_suffix(".new")  # a reader finds no file, or a whole one
            following.write_text(json.dumps(asdict(running)))
            following.replace(path)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def every(directory: Path) -> list[Running]:
    """Returns the emulators that run, and removes the files of those that were killed."""
    found = []
    if not _is_private(directory):
        return []
    for path in sorted(directory.glob("*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            running = Running(**json.loads(path.read_text()))
            if _is_alive(running.pid):
                found.append(running)
            else:
                path.unlink()
    return found


def choose(found: list[Running], template: Path) -> Running:
    """Returns the only one, or the one that serves `template`. Raises NotFound."""
    serving = [each for each in found if Path(each.template) == template.resolve()]
    if len(serving) == 1:
        return serving[0]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            "no emulator of yours runs: start one (`local-lambda --template ...`), or name its "
            "admin address with --admin URL"
        )
    listed = ", ".join(f"{each.admin} ({each.template})" for each in serving or found)
    raise NotFound(f"{len(serving or found)} emulators run; choose one with --admin: {listed}")


def _is_private(directory: Path) -> bool:
    """Returns whether the folder is there and nobody else can write into it."""
    try:
        status = directory.stat(follow_symlinks=False)
    except OSError:
        return False
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
