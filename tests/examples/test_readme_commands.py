"""Serves every example as `make example` does, and makes the requests that its README shows.

They are made literally, with curl. A stream is left when its first byte has come; other tests read
them to their ends.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading

import pytest
from serve_example import EXAMPLES, commands, names

from tests.examples.serving import interpreter_for
from tests.support.paths import ROOT
from tests.support.tools import missing
from tests.support.waiting import eventually

pytestmark = [pytest.mark.once, pytest.mark.e2e]

PATIENCE_S = 30
START_S = 60


class Served:
    """A run of the script behind `make example`, and what it has printed so far."""

    def __init__(self, name):
        script = str(ROOT / "scripts/serve_example.py")
        self.process = subprocess.Popen(
            [interpreter_for(EXAMPLES / name), "-E", "-s", script, name, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines = []
        self.errors = []
        self._threads = [
            threading.Thread(target=self.lines.extend, args=[self.process.stdout]),
            threading.Thread(target=self.errors.extend, args=[self.process.stderr]),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def printed(self):
        return "".join(self.lines)

    def interrupt(self):
        """Does what Ctrl-C does: every process of the terminal's foreground gets the signal."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=20)
        for thread in self._threads:
            thread.join(timeout=10)


@pytest.mark.parametrize("name", names())
def test_an_example_is_served_and_its_requests_get_what_they_are_for(name, tmp_path):
    if not shutil.which("curl"):
        missing("curl", "apt-get install curl")
    served = Served(name)
    try:
        eventually(lambda: "Try:" in served.printed, within_s=START_S)
        shown = re.findall(r"^ {4}(curl .*)$", served.printed, re.MULTILINE)
        got = [(command, *asked(command, tmp_path)) for command in shown]
    finally:
        served.interrupt()

    assert len(shown) == len(commands(EXAMPLES / name))
    for command, status, beginning in got:
        is_locked = command.startswith("curl -i ") and status == 401  # to show that it is
        assert is_locked or status in (200, 204), command
        assert beginning or status == 204, command
    assert served.process.returncode == 0
    assert "Traceback" not in "".join(served.errors), "".join(served.errors)


def asked(command, folder):
    """Runs a curl command until its first byte has come. Returns the status and that byte."""
    head = folder / "head.txt"
    head.unlink(missing_ok=True)
    options = f"-sS --noproxy '*' --max-time {PATIENCE_S} --dump-header head.txt"
    command = re.sub(r" -OJ\b", "", command)  # it would be saved whole
    command = command.replace("curl ", f"exec curl {options} ", 1)
    with subprocess.Popen(["sh", "-c", command], cwd=folder, stdout=subprocess.PIPE) as process:
        beginning = process.stdout.read(1)
        if beginning:
            process.kill()
    return int(head.read_text("utf-8").split()[1]), beginning


@pytest.mark.parametrize("name", names())
def test_no_command_needs_another_port_than_those_that_are_replaced(name):
    ports = re.findall(r"http://[\d.a-z]+:(\d+)/", "\n".join(commands(EXAMPLES / name)))

    assert set(ports) <= {"8000", "8001"}
