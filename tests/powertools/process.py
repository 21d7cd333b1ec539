"""A function as a real process, under the streaming runtime or under the stock client.

One process serves many invocations, one after the other.
"""

import base64
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.paths import ROOT
from tests.support.witness import note_files

HANDLERS = Path(__file__).parent / "handlers"
BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
OURS = [str(BOOTSTRAP), sys.executable, "/var/runtime/bootstrap.py"]
STOCK = [sys.executable, "-m", "awslambdaric"]
WAIT_S = 20


class Http(NamedTuple):
    status: int
    headers: dict
    body: bytes


@dataclass
class Answer:
    """Everything that came of one invocation.

    `post` is the response or the error, `output` what was written to stdout and stderr, and `trace`
    what was sent to X-Ray's daemon.
    """

    post: object
    output: str
    trace: list

    @property
    def records(self):
        """The lines of the output that are JSON objects."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]

    @property
    def metrics(self):
        return [record for record in self.records if "_aws" in record]

    @property
    def http(self):
        """The HTTP response that the front would make of it: status, headers, body."""
        if bytes(8) in self.post.body:
            fields = self.post.prelude
            body = self.post.content
        else:
            fields = json.loads(self.post.body)
            body = (fields.get("body") or "").encode()
            if fields.get("isBase64Encoded"):
                body = base64.b64decode(body)
        headers = {name.lower(): value for name, value in (fields.get("headers") or {}).items()}
        for name, values in (fields.get("multiValueHeaders") or {}).items():
            headers[name.lower()] = values[0] if len(values) == 1 else values
        return Http(fields.get("statusCode"), headers, body)

    @property
    def streamed(self):
        return self.post.headers.get("lambda-runtime-function-response-mode") == "streaming"

    @property
    def subsegments(self):
        return {each["name"]: each for each in self.trace}


class LiveRuntimeApi(FakeRuntimeApi):
    """Hands out what is put into `entries`, and sets `idle` when it is asked for more."""

    def __init__(self):
        super().__init__([])
        self.entries = queue.Queue()
        self.idle = threading.Semaphore(0)

    def entry(self, number):
        self.idle.release()
        return self.entries.get()


class Function:
    """One execution environment of `handler`, which is a name in a module of handlers/."""

    def __init__(self, handler, command, **environ):
        self._platform = LiveRuntimeApi()
        self._written = tempfile.NamedTemporaryFile("ab")  # noqa: SIM115
        self._output = Path(self._written.name).open("rb")  # noqa: SIM115
        self._daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._daemon.bind(("127.0.0.1", 0))
        self._daemon.setblocking(False)
        self._requests = 0
        self._platform.__enter__()
        arguments = [handler] if command is STOCK else []
        self._process = subprocess.Popen(
            [*command, *arguments],
            env={**self._environ(handler), **environ},
            stdout=self._written,
            stderr=self._written,
            cwd=HANDLERS,
        )
        self._wait()
        self._read_output()

    def _environ(self, handler):
        host, port = self._daemon.getsockname()
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(HANDLERS), str(BOOTSTRAP.parent / "python")]),
            "PYTHONUNBUFFERED": "1",
            "AWS_LAMBDA_RUNTIME_API": self._platform.address,
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(HANDLERS),
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_XRAY_DAEMON_ADDRESS": f"{host}:{port}",
            "POWERTOOLS_SERVICE_NAME": "shop",
            "POWERTOOLS_METRICS_NAMESPACE": "Shop",
        }

    def invoke(self, payload, **headers):
        """Serves one invocation, and returns its Answer when the next one is asked for."""
        self._requests += 1
        root = f"1-{self._requests:08x}-{'0' * 24}"
        trace_id = headers.pop("trace", f"Root={root};Parent={'a' * 16};Sampled=0")
        trace_id = trace_id and trace_id.replace("ROOT", root)
        sent = {"Lambda-Runtime-Trace-Id": trace_id, "Content-Type": "application/json"}
        entry = {"body": json.dumps(payload).encode(), "headers": sent, **headers}
        before = len(self._platform.posts)
        self._platform.entries.put(entry)
        self._wait()
        [post] = self._platform.posts[before:]
        return Answer(post, self._read_output(), self._read_trace())

    def _wait(self):
        """Waits until the process asks for an invocation."""
        until = time.monotonic() + WAIT_S
        while not self._platform.idle.acquire(timeout=0.1):
            if self._process.poll() is not None or time.monotonic() > until:
                self._process.kill()
                raise AssertionError(f"no invocation was asked for:\n{self._read_output()}")

    def _read_output(self):
        return self._output.read().decode()

    def _read_trace(self):
        sent = []
        while True:
            try:
                datagram = self._daemon.recv(1 << 16)
            except BlockingIOError:
                return sent
            sent.append(json.loads(datagram.partition(b"\n")[2]))

    def close(self):
        self._process.terminate()
        self._process.wait(WAIT_S)
        self._platform.entries.put({"close": True})
        self._platform.__exit__()
        self._daemon.close()
        note_files(Path(self._written.name))
        self._output.close()
        self._written.close()
