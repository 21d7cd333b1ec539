"""Collects the last lines of an invocation's log, as LogType `Tail` asks for them.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax
"""

import asyncio
import base64
import contextlib
from collections.abc import Iterator

from local_lambda.environments.invocation import Invocation
from local_lambda.logs import Line, Log

LIMIT_BYTES = 4096
# A report comes when the runtime asks for the next invocation, which is moments after its reply.
_REPORTED_WITHIN_S = 2.0


class LogTail:
    """Keeps the last lines by request id. It begins before the request id is known."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def take(self, line: Line) -> None:
        if line.request_id:
            before = self._kept.get(line.request_id, b"")
            text = line.text.encode("utf-8", "backslashreplace") + b"\n"
            self._kept[line.request_id] = (before + text)[-LIMIT_BYTES:]

    async def of(self, invocation: Invocation) -> str:
        """Returns the last 4 KB in base64, when the invocation is reported."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REPORTED_WITHIN_S):
                await invocation.reported.wait()
        return base64.b64encode(self._kept.get(invocation.request_id, b"")).decode()


@contextlib.contextmanager
def listening(log: Log, wanted: bool) -> Iterator[LogTail | None]:
    """Collects lines while the block runs, or does nothing unless it is wanted."""
    if not wanted:
        yield None
        return
    tail = LogTail()
    stop = log.subscribe(tail.take)
    try:
        yield tail
    finally:
        stop()
