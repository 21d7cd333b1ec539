"""Serves every example as `make example` does, and tries the commands that it prints."""

import contextlib
import os
import re
import signal
import subprocess
import threading

import pytest
from serve_example import EXAMPLES, commands, names

from tests.examples.serving import interpreter_for
from tests.support.paths import ROOT
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


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
def test_an_example_is_served_and_its_commands_work(name, tmp_path, tmp_path_factory):
    settings = tmp_path_factory.mktemp("curl")
    (settings / ".curlrc").write_text("silent\nshow-error\n")
    served = Served(name)
    try:
        eventually(lambda: "Try:" in served.printed, within_s=60)
        tried = re.findall(r"^ {4}(curl .*)$", served.printed, re.MULTILINE)
        outputs = [run(command, tmp_path, settings) for command in tried]
    finally:
        served.interrupt()

    assert "http://127.0.0.1:800" not in "".join(tried)
    assert [output for status, output in outputs if status] == []
    assert [output for _, output in outputs if "Internal Server Error" in output] == []
    assert served.process.returncode == 0
    assert "Traceback" not in "".join(served.errors), "".join(served.errors)


def run(command, folder, settings):
    """Runs a command until it has ended, or something has come of it: a stream goes on.

    Returns its exit status, None for a stream, and what it wrote.
    """
    output = folder / "output.txt"
    output.unlink(missing_ok=True)
    before = size_of(folder)
    with open(output, "wb") as written:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env={**os.environ, "CURL_HOME": str(settings)},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )

        def came():
            return process.poll() is not None or size_of(folder) > before

        try:
            eventually(came, within_s=15)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
            status = process.poll()
        finally:
            process.kill()
            process.wait()
    return status, output.read_text("utf-8", errors="replace")


def size_of(folder):
    return sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.parametrize("name", names())
def test_no_command_needs_another_port_than_those_that_are_replaced(name):
    ports = re.findall(r"http://[\d.a-z]+:(\d+)/", "\n".join(commands(EXAMPLES / name)))

    assert set(ports) <= {"8000", "8001"}
