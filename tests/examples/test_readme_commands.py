"""Do the requests that each example's README shows work, literally, with curl?

A stream is left when its first byte has come; other tests read them to their ends.
"""

import shutil
import subprocess

import pytest
from serve_example import EXAMPLES, commands, names

from tests.examples.serving import served
from tests.support.tools import missing

pytestmark = [pytest.mark.once, pytest.mark.e2e]

PATIENCE_S = 30
# Requests that take too long here, and the test that makes them.
MADE_ELSEWHERE = {"curl -OJ http://127.0.0.1:8001/orders.csv": "tests/examples/test_csv_export.py"}


def requests_of(name):
    return [
        command
        for command in commands(EXAMPLES / name)
        if command.startswith("curl") and "127.0.0.1" in command and command not in MADE_ELSEWHERE
    ]


@pytest.mark.parametrize("name", names())
def test_the_requests_of_a_readme_get_what_they_are_for(name, tmp_path):
    if not shutil.which("curl"):
        missing("curl", "apt-get install curl")
    shown = requests_of(name)
    assert shown
    with served(name) as example:
        for command in shown:
            status, beginning = asked(example.as_here(command), tmp_path)
            is_locked = command.startswith("curl -i ") and status == 401  # to show that it is
            assert is_locked or status in (200, 204), command
            assert beginning or status == 204, command


def asked(command, folder):
    """Runs a curl command until its first byte has come. Returns the status and that byte."""
    head = folder / "head.txt"
    head.unlink(missing_ok=True)
    options = f"-sS --noproxy '*' --max-time {PATIENCE_S} --dump-header head.txt"
    command = command.replace("curl ", f"exec curl {options} ", 1)
    with subprocess.Popen(["sh", "-c", command], cwd=folder, stdout=subprocess.PIPE) as process:
        beginning = process.stdout.read(1)
        if beginning:
            process.kill()
    return int(head.read_text("utf-8").split()[1]), beginning
