"""Starts the real bootstrap as an execution environment of its own, and looks at its processes."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.processes import children_of
from tests.support.waiting import eventually
from tests.support.witness import note_files

BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"


class RunningEnvironment:
    """A process group with the runtime in it. Its output goes to files."""

    def __init__(self, platform, handler, directory, **environ):
        self._out = Path(directory) / "out"
        self._err = Path(directory) / "err"
        bare = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "AWS_REGION": "us-east-1",
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(ROOT),
            "STREAMING_RUNTIME_PYTHON": sys.executable,
        }
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [BOOTSTRAP],
                env={**bare, **environ},
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def pid(self):
        return self.process.pid

    @property
    def out(self):
        return self._out.read_text()

    @property
    def err(self):
        return self._err.read_text()

    def workers(self):
        return children_of(self.pid)

    def terminate(self):
        """Sends SIGTERM to the first process alone, as Lambda does. Returns its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.ended()

    def ended(self):
        return self.process.wait(20)

    def is_empty(self):
        """Whether no process of the group is left."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(20)
        note_files(self._out, self._err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def until(self, holds):
        """Waits for `holds()`. Raises AssertionError, with the log, when the environment ends."""

        def look():
            value = holds()
            assert value or self.process.poll() is None, self.err
            return value

        return eventually(look, within_s=20)
