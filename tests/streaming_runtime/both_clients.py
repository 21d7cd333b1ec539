"""Runs a function under the stock client and under ours, and returns what each wrote."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest

from tests.support.fake_runtime_api import FakeRuntimeApi
from tests.support.paths import ROOT
from tests.support.waiting import eventually

STOCK = "stock"
OURS = "ours"
BOOTSTRAP = ROOT / "layers/streaming_runtime/bootstrap"
HERE = ROOT / "tests/streaming_runtime"
ENVIRON = {
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "LANG": "en_US.UTF-8",
    "LAMBDA_TASK_ROOT": str(HERE),
    "PATH": os.environ["PATH"],
    "PYTHONDONTWRITEBYTECODE": "1",
    "TZ": ":UTC",
}
# Two runs may differ in these: times, numbers of processes and threads, addresses of objects.
UNEQUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z|\b0x[0-9a-f]{6,}\b|pid-\d+")
FRAME_HEAD_BYTES = 16
NEXT = ("GET", "invocation/next")


@dataclass
class Seen:
    """The result of a run.

    It holds both outputs in one, the frames as (type, text), the POSTs, and the exit code.
    """

    output: str
    frames: list
    posts: list
    returncode: int


def run(client, handler, payloads=(), *, with_frames=False, headers=(), **environ):
    """Serves `payloads` with `handler`, and kills it while all its processes wait for one more.

    `headers` has those of each invocation, beside the usual ones.
    """
    script = [
        {
            "body": json.dumps(payload).encode(),
            "headers": {"Content-Type": "application/json", **added},
        }
        for payload, added in zip_longest(payloads, headers, fillvalue={})
    ]
    with (
        FakeRuntimeApi(script, hold_next_at=len(script)) as platform,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as framed,
    ):
        variables = {**ENVIRON, "AWS_LAMBDA_RUNTIME_API": platform.address, "_HANDLER": handler}
        if with_frames:
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(framed.fileno())
        command = [str(BOOTSTRAP), sys.executable]
        if client == STOCK:
            command = [sys.executable, "-m", "awslambdaric", handler]
        process = subprocess.Popen(
            command,
            env={**variables, **environ},
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[framed.fileno()],
            start_new_session=True,
        )
        # Each worker has an invocation, or waits for one.
        calls = len(script) + int(environ.get("AWS_LAMBDA_MAX_CONCURRENCY", 1))
        eventually(
            lambda: platform.calls.count(NEXT) == calls or process.poll() is not None, within_s=30
        )
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.seek(0)
        framed.seek(0)
        text = output.read().decode("utf-8", "surrogateescape")
        return Seen(
            UNEQUAL.sub("*", text), frames_of(framed.read()), platform.posts, process.returncode
        )


def both(handler, payloads=(), **options):
    """Returns what the stock client and ours wrote."""
    return [run(client, handler, payloads, **options) for client in (STOCK, OURS)]


def frames_of(content):
    """Returns the type and the message of each frame."""
    frames = []
    while content:
        size = int.from_bytes(content[4:8], "big")
        message = content[FRAME_HEAD_BYTES : FRAME_HEAD_BYTES + size].decode()
        frames.append((content[:4].hex(), UNEQUAL.sub("*", message)))
        content = content[FRAME_HEAD_BYTES + size :]
    return frames
