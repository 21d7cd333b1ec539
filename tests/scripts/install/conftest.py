"""These fixtures copy the Makefile and its scripts, beside lists and an index of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.install.index import Index
from tests.support.paths import ROOT

# pip's settings on this machine say where its index is; these tests have one of their own.
NO_SETTINGS = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


class Workplace:
    """A folder with Makefile and scripts. `make` runs there, with the index as the only one."""

    def __init__(self, folder: Path, index: Index) -> None:
        self.folder, self.index = folder, index
        shutil.copy(ROOT / "Makefile", folder)
        shutil.copytree(
            ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__")
        )
        self.write("", "")

    def write(self, to_run: str, development: str | None = None) -> None:
        (self.folder / "requirements.txt").write_text(to_run)
        if development is not None:
            (self.folder / "requirements-dev.txt").write_text(development)

    def command(self, *arguments: str, environment: dict | None = None) -> dict:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "MAKE", "MFLAGS"))
        }
        urls = {"PIP_INDEX_URL": self.index.url, **NO_SETTINGS}
        return {
            "args": ["make", "--no-print-directory", *arguments],
            "cwd": self.folder,
            "env": {**kept, **urls, **(environment or {})},
            "text": True,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        }

    def make(self, *arguments: str, environment: dict | None = None, python: str = sys.executable):
        """Runs make; the result has `returncode` and `stdout`, which holds both outputs."""
        command = self.command(*arguments, f"PYTHON={python}", environment=environment)
        return subprocess.run(**command, timeout=120, check=False)

    def site_packages(self, environment: str) -> Path:
        return next((self.folder / environment).glob("lib/python3*/site-packages"))

    def forget(self, environment: str) -> None:
        """Removes every package, as if the environment were new; quicker than making one."""
        for path in self.site_packages(environment).iterdir():
            if not path.name.startswith(("pip", "of_the_user")):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        stamp = self.folder / environment / "installed"
        stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "lists": {}}))

    def installed(self, environment: str, name: str) -> str:
        """Returns the version that an environment imports, or an empty string."""
        python = self.folder / environment / "bin/python"
        command = [python, "-E", "-s", "-c", f"import {name}; print({name}.version)"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    """Makes an index in which each package has a newer release too.

    `report` requires an extra of `measure`, which requires `notation`.
    """
    index = Index(tmp_path_factory.mktemp("index"))
    for version in ("1.0", "2.0"):
        index.add("report", version, requires=["measure[text]>=1.0"])
        index.add("measure", version, requires=["notation>=1.0; extra == 'text'"], extras=["text"])
        index.add("notation", version)
    index.add("compiled", "1.0", tag="cp27-cp27m-win32")
    return index


@pytest.fixture(scope="session")
def workplace(index, tmp_path_factory):
    return Workplace(tmp_path_factory.mktemp("workplace"), index)


@pytest.fixture(scope="session")
def made(workplace, whole_list):
    """Makes a complete environment of ours."""
    workplace.write(whole_list)
    ended = workplace.make("environment-to-run", "VENV=made")
    assert ended.returncode == 0, ended.stdout
    return workplace.folder / "made"


@pytest.fixture(scope="session")
def whole_list(index):
    return index.pin("report", "1.0") + index.pin("measure", "1.0") + index.pin("notation", "1.0")
