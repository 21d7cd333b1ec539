"""Tests a release's files without the repository: a fresh environment in an empty folder."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from streaming_runtime import __version__

from tests.support.recipe import lay_out
from tests.support.tools import missing

pytestmark = pytest.mark.e2e
INDEX_IS_AWAY = re.compile(
    r"Retrying \(Retry|NewConnectionError|name resolution|No matching distribution"
)


@pytest.fixture(scope="module")
def alone():
    """Returns environment variables without those of the tests' own Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }


@pytest.fixture(scope="module")
def files():
    """Returns the files of `make release`. CI makes them; their dependencies come from an index."""
    if made := os.environ.get("RELEASE_FILES"):
        return Path(made)
    pytest.skip(
        "make release, then RELEASE_FILES=dist make test ARGS=tests/scripts/release/test_by_name.py"
    )


@pytest.fixture(scope="module")
def folder(request, files, alone, tmp_path_factory):
    if request.config.getoption("--base-url"):
        pytest.skip("this is about this machine")
    folder = tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "env"], cwd=folder, check=True, env=alone)
    (wheel,), (constraints,) = files.glob("*.whl"), files.glob("constraints-*.txt")
    command = [
        "env/bin/python",
        "-m",
        "pip",
        "install",
        "--no-compile",
        "--disable-pip-version-check",
    ]
    command += [
        "--constraint",
        constraints,
        f"{wheel}[local]",
    ]  # otherwise this test would test releases of others
    ended = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=False
    )
    if ended.returncode and INDEX_IS_AWAY.search(ended.stdout + ended.stderr):
        missing("the package index", "a network, or see `pip config list`")
    assert ended.returncode == 0, ended.stderr
    lay_out("With a Function URL", folder, files)
    return folder


@pytest.fixture
def running(folder, alone):
    """Runs `local-lambda` as a user does, but on free ports; yields the printed addresses."""
    command = [folder / "env/bin/local-lambda", "--port", "0"]
    process = subprocess.Popen(command, cwd=folder, env=alone, stdout=subprocess.PIPE, text=True)
    try:
        addresses = {}
        for line in process.stdout:
            name, _, value = line.strip().partition(": ")
            addresses[name] = value
            if name == "ready":
                break
        yield addresses
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def test_the_readme_s_function_streams_piece_by_piece(running):
    response = requests.get(f"{running['count_url']}count", stream=True, timeout=30)
    pieces = [(piece, time.monotonic()) for piece in response.iter_content(None)]

    assert [piece for piece, _ in pieces] == [b"0\n", b"1\n", b"2\n", b"3\n", b"4\n"]
    assert pieces[-1][1] - pieces[0][1] > 1  # they were yielded in 4 s


@pytest.mark.parametrize(
    "command", [["env/bin/local-lambda"], ["env/bin/python", "-m", "local_lambda"]]
)
def test_the_command_says_its_version(folder, alone, command):
    ended = subprocess.run(
        [*command, "--version"], cwd=folder, env=alone, capture_output=True, text=True, check=True
    )

    assert ended.stdout == f"lambda-streaming {__version__}\n"


def test_the_packages_are_there_and_the_service_is_not(folder, alone):
    code = "import importlib.util as u; print([bool(u.find_spec(name)) for name in NAMES])"
    names = [
        "streaming_runtime",
        "event_stream",
        "local_lambda",
        "dashboard_data",
        "stream_function",
        "pydantic",
    ]
    command = ["env/bin/python", "-c", code.replace("NAMES", repr(names))]
    ended = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=True
    )

    assert ended.stdout.strip() == "[True, True, True, False, False, False]"


def test_pytest_finds_the_fixtures_of_the_wheel(folder, alone):
    command = ["env/bin/python", "-m", "pip", "install", "-q", "pytest>=8"]
    subprocess.run(command, cwd=folder, check=True, env=alone, capture_output=True)
    (folder / "test_count.py").write_text(
        "def test_it_streams(local_lambda):\n"
        "    reply = local_lambda('template.yaml').get('/count')\n"
        "    assert reply.pieces[0] == b'0\\n'\n"
    )
    command = ["env/bin/python", "-m", "pytest", "-q", "test_count.py"]

    ended = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=False
    )

    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr
