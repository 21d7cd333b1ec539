"""Makes a release from the working tree as it is: the fixtures `repository` and `release`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.tools import audit_python

COMMITTED = "2026-01-02T03:04:05Z"
IDENTITY = {
    "GIT_AUTHOR_NAME": "a test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_AUTHOR_DATE": COMMITTED,
    "GIT_COMMITTER_NAME": "a test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_COMMITTER_DATE": COMMITTED,
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs git in a folder, with a fixed identity and time."""
    command = ["git", "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **IDENTITY},
        capture_output=True,
        text=True,
        check=True,
    )


def committed_copy(folder: Path) -> Path:
    """Makes a repository of one commit, with all files that git tracks here or would add."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "a copy")
    return folder


def make_release(
    repository: Path, output: Path, *options: str, umask: int = 0o022
) -> subprocess.CompletedProcess[str]:
    """Runs the command of `make release`; returns its `returncode`, `stdout` and `stderr`."""
    command = [sys.executable, str(repository / "scripts/release.py"), str(output), *options]
    environ = {**os.environ, "AUDIT_PYTHON": str(audit_python())}
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, umask=umask, check=False
    )


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("a release needs git, and is made from a clone")
    return committed_copy(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def release(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder with the files."""
    output = tmp_path_factory.mktemp("release")
    ended = make_release(repository, output)
    assert ended.returncode == 0, ended.stderr
    return output
