"""What does a handler get as `context`, and how much time does it have left?

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from streaming_runtime.runtime_api import Invocation
    from streaming_runtime.settings import Settings

# The ids of the invocation that runs in this thread. With several in one process, environment
# variables cannot hold them.
TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
LONGEST_TIMEOUT_MS = 5_400_000  # 90 minutes, on managed instances
ASSUMED_TIMEOUT_MS = 900_000
MARGIN_MS = 1_000  # for closing the iterator and sending the last chunk
CLIENT_FIELDS = (
    "installation_id",
    "app_title",
    "app_version_name",
    "app_version_code",
    "app_package_name",
)


class Deadline:
    """When Lambda ends an invocation (`at_ms`), and when its body is closed before that.

    Both in epoch milliseconds. `clock` gives epoch seconds.
    """

    __slots__ = ("_clock", "at_ms", "close_at_ms")

    def __init__(self, at_ms: float, close_at_ms: float, clock: Callable[[], float]) -> None:
        self.at_ms = at_ms
        self.close_at_ms = close_at_ms
        self._clock = clock

    @classmethod
    def of(cls, deadline_ms: str | None, clock: Callable[[], float]) -> Deadline:
        """Reads `Lambda-Runtime-Deadline-Ms`, epoch milliseconds as text.

        A deadline that cannot be true counts as 15 minutes from now: one that is missing or
        malformed, or more than 90 minutes away (AWS's emulator can say such things). One that has
        just passed leaves no time.
        """
        now_ms = clock() * 1000
        stated_ms = 0.0
        if deadline_ms is not None and deadline_ms.isdecimal():
            stated_ms = float(deadline_ms)
        left_ms = stated_ms - now_ms
        if abs(left_ms) > LONGEST_TIMEOUT_MS:
            left_ms = ASSUMED_TIMEOUT_MS
        left_ms = max(0, left_ms)
        at_ms = now_ms + left_ms
        return cls(at_ms, at_ms - min(MARGIN_MS, left_ms / 10), clock)

    def remaining_ms(self) -> int:
        """Milliseconds until Lambda ends the invocation, never below 0."""
        return max(0, int(self.at_ms - self._clock() * 1000))

    def is_near(self) -> bool:
        """Whether the body must be closed now, so that its end still gets through."""
        return self._clock() * 1000 > self.close_at_ms


class LambdaContext:
    """Same attributes and methods as the managed runtime's context.

    Missing or malformed values are None.
    """

    def __init__(self, invocation: Invocation, deadline: Deadline, settings: Settings) -> None:
        self._deadline = deadline
        self.aws_request_id = invocation.aws_request_id
        self.invoked_function_arn = invocation.invoked_function_arn
        self.tenant_id = invocation.aws_tenant_id
        self.function_name = settings.function_name
        self.function_version = settings.function_version
        self.log_group_name = settings.log_group_name
        self.log_stream_name = settings.log_stream_name
        self.memory_limit_in_mb = settings.memory_limit_in_mb
        identity = _object(invocation.cognito_identity)
        self.identity = SimpleNamespace(
            cognito_identity_id=identity.get("cognitoIdentityId"),
            cognito_identity_pool_id=identity.get("cognitoIdentityPoolId"),
        )
        sent = _object(invocation.client_context)
        self._w3c = _object(sent.pop("w3c", None))
        self.client_context = _client_context(sent)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the invocation, never below 0."""
        return self._deadline.remaining_ms()

    def log(self, message: object) -> None:
        """Writes `message` to the function's log as it is."""
        sys.stdout.write(str(message))

    def w3c(self) -> dict[str, Any]:
        """Returns the W3C trace context (`traceparent`, `tracestate`, `baggage`) as a dict."""
        return self._w3c


def _client_context(sent: dict[str, Any]) -> SimpleNamespace | None:
    if not sent:
        return None
    client = _object(sent.get("client"))
    return SimpleNamespace(
        custom=sent.get("custom"),
        env=sent.get("env"),
        client=SimpleNamespace(**{name: client.get(name) for name in CLIENT_FIELDS}),
    )


def _object(value: object) -> dict[str, Any]:
    """Returns `value`, parsed from JSON if it is text, where that is an object; otherwise {}."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    if isinstance(value, dict):
        return value
    return {}
