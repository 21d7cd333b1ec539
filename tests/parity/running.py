"""Runs a function under the stock client or under ours, and says what was seen from outside."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.parity.platform import Post, Request, ScriptedPlatform
from tests.support.paths import PACKAGES
from tests.support.tools import missing

BOOTSTRAP = PACKAGES["streaming_runtime"].parents[1] / "bootstrap"
STOCK = "stock"
OURS = "ours"
LONGEST_S = 100
# The aspects that are compared, for each invocation and for the end of the process.
FACETS = ("path", "content type", "body", "error type", "cause", "log", "exit")
ENVIRON = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PYTHONDONTWRITEBYTECODE": "1",  # the second client would find what the first compiled
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "parity",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/parity",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/29/[$LATEST]0123",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
}
# Nothing else is taken out of a log. Each text is replaced by the other.
UNEQUAL = [
    (re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), b"TIME"),
    (re.compile(rb"\b0x[0-9a-f]{6,}\b"), b"ADDRESS"),
]
FRAME_HEAD_BYTES = 16


def need_the_stock_client() -> None:
    """Skips a test where the stock client cannot be imported: it has wheels for Linux only."""
    if importlib.util.find_spec("awslambdaric") is None:
        missing("awslambdaric", "it runs on Linux only; there, `make environment` installs it")


@dataclass
class Outcome:
    """One invocation, or the start of a process, as it looks from outside.

    `posts` and `log` are what came between two calls of `next`.
    """

    posts: list[Post] = field(default_factory=list)
    log: bytes = b""
    telemetry: bytes = b""
    exit: int | None = None  # the status of the process, if it ended here

    @classmethod
    def joined(cls, outcomes: Sequence[Outcome]) -> Outcome:
        """Returns the outcomes of a whole process as one."""
        return cls(
            posts=[post for each in outcomes for post in each.posts],
            log=b"-- next\n".join(each.log for each in outcomes),
            telemetry=b"".join(each.telemetry for each in outcomes),
            exit=outcomes[-1].exit,
        )

    def facets(self) -> dict[str, object]:
        """Returns what is compared, by the name of the facet."""
        return {
            "path": [post.path for post in self.posts],
            "content type": self._header("content-type"),
            "body": [post.body for post in self.posts],
            "error type": self._header("lambda-runtime-function-error-type"),
            "cause": [found for post in self.posts if (found := cause(post))],
            "log": [*equalised(self.log).splitlines(keepends=True), *frames(self.telemetry)],
            "exit": self.exit,
        }

    def _header(self, name: str) -> list[str | None]:
        return [post.headers.get(name) for post in self.posts]


def cause(post: Post) -> object:
    """Returns X-Ray's cause of an error. The stock client writes its paths in any order."""
    named = post.headers.get("lambda-runtime-function-xray-error-cause")
    if not named:
        return named
    parsed = json.loads(named)
    parsed["paths"].sort()
    return parsed


def equalised(log: bytes) -> bytes:
    """Returns a log without what differs between any two runs."""
    for unequal, instead in UNEQUAL:
        log = unequal.sub(instead, log)
    return log


def frames(telemetry: bytes) -> list[tuple[str, bytes]]:
    """Returns the type and the text of each frame that went to Lambda's own log descriptor."""
    found = []
    while telemetry:
        size = int.from_bytes(telemetry[4:8], "big")
        end = FRAME_HEAD_BYTES + size
        found.append((telemetry[:4].hex(), equalised(telemetry[FRAME_HEAD_BYTES:end])))
        telemetry = telemetry[end:]
    return found


def run(
    client: str,
    *,
    task_root: Path,
    handler: str,
    script: Sequence[Request],
    environ: dict[str, str] | None = None,
    with_telemetry: bool = False,
) -> list[Outcome]:
    """Returns the outcome of the start, then one for each invocation that was handed out."""
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as telemetry:
        marks: list[tuple[int, int, int]] = []

        def mark() -> None:
            marks.append(
                (len(platform.posts), os.fstat(log.fileno()).st_size, _size(telemetry.fileno()))
            )

        platform = ScriptedPlatform(list(script), mark)
        variables = {
            **ENVIRON,
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "LAMBDA_TASK_ROOT": str(task_root),
            "_HANDLER": handler,
            **(environ or {}),
        }
        passed = []
        if with_telemetry:
            passed = [telemetry.fileno()]
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(telemetry.fileno())
        process = subprocess.Popen(
            _command(client, handler),
            cwd=task_root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=passed,
        )
        status = _end_of(process, platform)
        mark()
        platform.close()
        log.seek(0)
        telemetry.seek(0)
        return _outcomes(marks, platform.posts, log.read(), telemetry.read(), status)


def _size(descriptor: int) -> int:
    return os.fstat(descriptor).st_size


def _command(client: str, handler: str) -> list[str]:
    if client == STOCK:
        return [sys.executable, "-m", "awslambdaric", handler]
    return [str(BOOTSTRAP), sys.executable]


def _end_of(process: subprocess.Popen, platform: ScriptedPlatform) -> int | None:
    """Waits until the script is over. Returns the exit status if the process ended before."""
    waited_s = 0.0
    while not platform.finished.wait(0.005):
        if process.poll() is not None:
            break
        waited_s += 0.005
        if waited_s > LONGEST_S:
            process.kill()
            raise AssertionError(
                f"{platform.posts[-1:]}: the function neither ends nor asks for more"
            )
    if platform.finished.is_set():
        process.kill()
        process.wait()
        return None
    return process.returncode


def _outcomes(marks, posts, log, telemetry, status) -> list[Outcome]:
    outcomes = []
    before = (0, 0, 0)
    for after in marks:
        outcomes.append(
            Outcome(
                posts=posts[before[0] : after[0]],
                log=log[before[1] : after[1]],
                telemetry=telemetry[before[2] : after[2]],
            )
        )
        before = after
    if status is None:
        outcomes.pop()  # nothing belongs to the time after the last call of `next`
    else:
        outcomes[-1].exit = status
    return outcomes
