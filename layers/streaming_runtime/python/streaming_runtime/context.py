"""The `context` argument of a handler.

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from streaming_runtime.deadline import Deadline
    from streaming_runtime.runtime_api import Invocation
    from streaming_runtime.settings import Settings

# The ids of the invocation that runs in this thread. With several in one process, environment
# variables cannot hold them.
TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
CLIENT_FIELDS = (
    "installation_id",
    "app_title",
    "app_version_name",
    "app_version_code",
    "app_package_name",
)


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
