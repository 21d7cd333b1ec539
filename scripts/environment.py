"""Makes a virtual environment that holds what pinned lists name, and keeps it so (docs/install.md).

    python scripts/environment.py .venv requirements.txt requirements-dev.txt
    python scripts/environment.py --remove .venv ...

An environment of ours has a stamp, the file `installed`: JSON with the hash of each list that is
installed. A folder without a stamp belongs to somebody else and is left alone. This script uses the
standard library only; the Makefile has checked that this Python is 3.11 or newer.
"""

import argparse
import contextlib
import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lists import ListError, agree, digest, read
from packages import InstallFailed, environment, explain, install

MADE_BY = "make of lambda-streaming"
HERE = Path(__file__).resolve().parent


class Refused(Exception):
    """Raised when nothing was done; the message says why, and what helps."""


class Environment:
    """A virtual environment: one directory and its stamp."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.python = path / "bin" / "python"
        self.stamp_file = path / "installed"
        self.stamp: dict[str, Any] = {}

    def belongs_to_others(self) -> bool:
        """Tells whether the path holds something that `make` did not make."""
        if not self.path.exists() and not self.path.is_symlink():
            return False
        return not self.path.is_dir() or (any(self.path.iterdir()) and self.read_stamp() is None)

    def read_stamp(self) -> dict[str, Any] | None:
        """Returns the stamp, or None without one.

        The first environments had an empty stamp; for these it returns {}.
        """
        try:
            text = self.stamp_file.read_text("utf-8")
            if not text:
                return {} if (self.path / "pyvenv.cfg").is_file() else None
            stamp = json.loads(text)
        except (OSError, ValueError):
            return None
        return stamp if isinstance(stamp, dict) and stamp.get("made_by") == MADE_BY else None

    def write_stamp(self, **changed: object) -> None:
        """Changes the stamp atomically: a reader finds the old one or the new one."""
        self.stamp = {"made_by": MADE_BY, "made": False, "lists": {}, **self.stamp, **changed}
        text = json.dumps(self.stamp, indent=1) + "\n"
        if self.stamp_file.exists():
            following = self.stamp_file.with_suffix(".new")
            following.write_text(text, "utf-8")
            following.replace(self.stamp_file)
        else:  # written before anything else, or the folder would look like somebody else's
            self.stamp_file.write_text(text, "utf-8")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lets one `make` at a time change it. Raises Refused if it belongs to somebody else."""
        self._refuse_others()
        self.path.mkdir(parents=True, exist_ok=True)
        directory = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"{self.path}: another make is installing into it; waiting")
                fcntl.flock(directory, fcntl.LOCK_EX)
            self._refuse_others()
            self.stamp = self.read_stamp() or {}
            yield
        finally:
            os.close(directory)

    def _refuse_others(self) -> None:
        if self.belongs_to_others():
            raise Refused(
                f"{self.path} was not made by this Makefile, so it is left untouched. Name another "
                "environment (make VENV=.venv-2 ...), or remove this one if nobody needs it."
            )

    def version(self) -> str:
        """Returns the version of its Python as `3.13.0`, or an empty string if it does not run."""
        code = "import sys; print(*sys.version_info[:3], sep='.')"
        command = [str(self.python), "-E", "-s", "-S", "-c", code]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return ""
        return ended.stdout.strip()

    def has(self, lists: list[Path]) -> bool:
        """Tells whether these lists, as they are now, are installed."""
        recorded = self.stamp.get("lists", {})
        return all(recorded.get(str(path), {}).get("sha256") == digest(path) for path in lists)

    def make(self) -> None:
        """Makes it anew and removes its content, so it must be one of ours.

        Raises InstallFailed.
        """
        self.stamp = {}
        self.write_stamp()
        for entry in self.path.iterdir():
            if entry == self.stamp_file:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        version = ".".join(map(str, sys.version_info[:3]))
        say(f"{self.path}: creating it with Python {version}")
        ended = subprocess.run(
            [sys.executable, "-m", "venv", str(self.path)],
            capture_output=True,
            text=True,
            check=False,
            env=environment(),
        )
        if ended.returncode:
            raise InstallFailed(why_no_venv(ended.stdout + ended.stderr))
        self.write_stamp(made=True, python=self.version())

    def install(self, lists: list[Path]) -> None:
        """Installs the lists; removes packages that only an older version of a list named.

        Raises InstallFailed, and ListError for a list that pins nothing.
        """
        pins = {str(path): read(path) for path in lists}
        agree(pins)
        names = {path: sorted({pin.name for pin in each}) for path, each in pins.items()}
        old = self.stamp.get("lists", {})
        before = {name for each in old.values() for name in each["names"]}
        # This may replace versions of another list, so only the names of that list are kept.
        kept = {name: {"names": each["names"]} for name, each in old.items() if name not in names}
        started_lists = {path: {"names": each} for path, each in names.items()}
        self.write_stamp(lists={**kept, **started_lists})
        started = time.monotonic()
        say(f"{self.path}: installing {' and '.join(map(str, lists))}")
        install(
            self.python,
            lists,
            progress=lambda text: say(f"{self.path}: {text}"),
            log=self.path / "install.log",
        )
        named = {name for each in self.stamp["lists"].values() for name in each["names"]}
        self._uninstall(sorted(before - named))
        self._verify(lists)
        installed = {
            str(path): {"names": names[str(path)], "sha256": digest(path)} for path in lists
        }
        self.write_stamp(lists={**kept, **installed})
        took_s = time.monotonic() - started
        say(f"{self.path}: complete and checked after {took_s:.0f} s")

    def _uninstall(self, names: list[str]) -> None:
        if not names:
            return
        command = [str(self.python), "-E", "-s", "-m", "pip", "uninstall", "--yes", "--quiet"]
        command += names
        subprocess.run(command, env=environment(), capture_output=True, check=False)

    def _verify(self, lists: list[Path]) -> None:
        command = [str(self.python), "-E", "-s", str(HERE / "verify.py"), *map(str, lists)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            found = "\n".join(f"    {line}" for line in (ended.stdout + ended.stderr).splitlines())
            raise InstallFailed(
                f"pip succeeded, but {self.path} differs from the lists:\n{found}\n"
                f"If the list is wrong, run `make lock`; if the environment is, remove {self.path}."
            )


def say(text: str) -> None:
    """Prints a line for people, beside any output of a program."""
    print(text, file=sys.stderr, flush=True)


def why_no_venv(output: str) -> str:
    """Returns a sentence that says why `python -m venv` failed."""
    version = ".".join(map(str, sys.version_info[:2]))
    if "No module named venv" in output or ("ensurepip" in output and "No space" not in output):
        return (
            f"Python {version} cannot create environments: its module venv or ensurepip is "
            f"missing. On Debian and Ubuntu: apt install python{version}-venv; elsewhere install "
            "the whole of Python."
        )
    return explain(output)


def ensure(path: Path, lists: list[Path], this_python: bool) -> None:
    """Creates the environment or brings it up to date; it is quick if there is nothing to do.

    Raises Refused, InstallFailed, ListError and OSError.
    """
    target = Environment(path)
    with target.locked():
        version = target.version()
        asked = minor_of(".".join(map(str, sys.version_info)))
        if version and this_python and minor_of(version) != asked:
            raise Refused(
                f"{path} holds Python {minor_of(version)}, and PYTHON asks for {asked}. Name "
                f"another environment (VENV=.venv-{asked}), or remove {path}."
            )
        if not target.stamp and version:  # made when stamps were empty
            target.write_stamp(made=True, python=version)
        elif not target.stamp and target.stamp_file.exists():
            raise Refused(
                f"An older version made {path}, and its Python is gone. Remove it, then run this "
                "again."
            )
        made_with = target.stamp.get("python", "")
        is_whole = target.stamp.get("made") and version
        if not is_whole or minor_of(version) != minor_of(made_with):
            target.make()
        if not target.has(lists):
            target.install(lists)


def minor_of(version: str) -> str:
    """Returns 3.13 for 3.13.0."""
    return ".".join(version.split(".")[:2])


def remove(paths: list[Path]) -> None:
    """Removes the environments that `make` has made, and names those that it leaves."""
    for path in paths:
        target = Environment(path)
        if target.belongs_to_others():
            say(f"{path} was not made by this Makefile, so it stays")
        elif path.is_dir() and target.read_stamp() is not None:
            shutil.rmtree(path)


def sentence_for(error: OSError) -> str:
    """Returns a sentence for people."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Make room, then run the command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{error.filename} is not writable. Does the folder belong to somebody else?"
    return str(error)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--remove",
        action="store_true",
        help="remove the environments that follow, if make has made them",
    )
    parser.add_argument(
        "--this-python",
        action="store_true",
        help="refuse an environment of another Python than this",
    )
    parser.add_argument("environment", type=Path)
    parser.add_argument(
        "lists", type=Path, nargs="*", help="pinned lists; with --remove, more environments"
    )
    arguments = parser.parse_args()
    try:
        if arguments.remove:
            remove([arguments.environment, *arguments.lists])
        else:
            ensure(arguments.environment, arguments.lists, arguments.this_python)
    except (Refused, InstallFailed, ListError) as error:
        say(f"make: {error}")
        return 1
    except OSError as error:
        say(f"make: {sentence_for(error)}")
        return 1
    except KeyboardInterrupt:
        say("make: interrupted; run the same command again to continue")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
