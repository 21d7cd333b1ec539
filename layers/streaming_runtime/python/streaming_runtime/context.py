"""What does a handler get as `context`, and how much time does it have left?

https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import sys
from contextvars import ContextVar

from streaming_runtime.errors import RuntimeFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from streaming_runtime.runtime_api import Invocation
    from streaming_runtime.settings import Settings

# The ids of the invocation that runs in this thread. With several in one process, environment
# variables cannot hold them.
TRACE_ID: ContextVar[str | None] = ContextVar("trace_id", default=None)
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
TENANT_ID: ContextVar[str | None] = ContextVar("tenant_id", default=None)
_DEADLINE: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
# Work for after the response of this invocation. The list is made before the handler runs, so that
# tasks and threads which have a copy of the context add to the same one.
LEFT_FOR_LATER: ContextVar[list[Callable[[], object]] | None] = ContextVar(
    "left_for_later", default=None
)
LONGEST_TIMEOUT_MS = 5_400_000  # 90 minutes, on managed instances
ASSUMED_TIMEOUT_MS = 900_000
MARGIN_MS = 1_000  # for closing the iterator and sending the last chunk
LONGEST_DRAIN_MS = 10_000  # for what a slow reader has not taken yet
# In the order in which `repr` shows them.
CLIENT_CONTEXT_FIELDS = ("custom", "env", "client")
CLIENT_FIELDS = (
    "installation_id",
    "app_title",
    "app_version_name",
    "app_version_code",
    "app_package_name",
)
W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class _Only:
    """The invocation of a process that has one at a time: the same for all of its threads."""

    exists = False
    request_id: str | None = None
    tenant_id: str | None = None
    deadline: Deadline | None = None


def enter(invocation: Invocation, deadline: Deadline | None, *, alone: bool) -> None:
    """Says which invocation runs from now on, and until when.

    `alone`: no other runs in this process. Then each thread belongs to it, those of pools and
    timers included, which have no context variables of their own.
    """
    REQUEST_ID.set(invocation.aws_request_id)
    TRACE_ID.set(invocation.trace_id)
    TENANT_ID.set(invocation.aws_tenant_id)
    _DEADLINE.set(deadline)
    LEFT_FOR_LATER.set([])
    _Only.exists = alone
    _Only.request_id = invocation.aws_request_id
    _Only.tenant_id = invocation.aws_tenant_id
    _Only.deadline = deadline


def leave() -> None:
    """Says that no invocation runs any more: for tests, whose process goes on."""
    for variable in (REQUEST_ID, TRACE_ID, TENANT_ID):
        variable.set(None)
    _DEADLINE.set(None)
    LEFT_FOR_LATER.set(None)
    _Only.exists = False
    _Only.request_id = None
    _Only.tenant_id = None
    _Only.deadline = None


def request_id() -> str | None:
    """Returns the request id of the invocation that the calling code belongs to."""
    if _Only.exists:
        return _Only.request_id
    return REQUEST_ID.get()


def tenant_id() -> str | None:
    """Returns the tenant id of the invocation that the calling code belongs to."""
    if _Only.exists:
        return _Only.tenant_id
    return TENANT_ID.get()


def deadline() -> Deadline | None:
    """Returns the deadline of the invocation that the calling code belongs to.

    None if this runtime has never served one, or if it serves several and this thread none of them.
    """
    if _Only.exists:
        return _Only.deadline
    return _DEADLINE.get()


class Deadline:
    """When Lambda ends an invocation (`at_ms`), and when its body is closed before that.

    Until `close_at_ms` there is time for another piece, if the reader keeps up. From `look_at_ms`
    on somebody has to see whether it does. All are epoch milliseconds; `clock` gives epoch seconds.
    """

    __slots__ = ("_clock", "at_ms", "close_at_ms", "look_at_ms")

    def __init__(
        self, at_ms: float, close_at_ms: float, look_at_ms: float, clock: Callable[[], float]
    ) -> None:
        self.at_ms = at_ms
        self.close_at_ms = close_at_ms
        self.look_at_ms = look_at_ms
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
        close_at_ms = at_ms - min(MARGIN_MS, left_ms / 10)
        return cls(at_ms, close_at_ms, close_at_ms - min(LONGEST_DRAIN_MS, left_ms / 2), clock)

    def now_ms(self) -> float:
        return self._clock() * 1000

    def remaining_ms(self) -> int:
        """Milliseconds until Lambda ends the invocation, never below 0."""
        return max(0, int(self.at_ms - self._clock() * 1000))

    def is_in_sight(self) -> bool:
        """Whether it must be asked, from now on, if there is time for another piece."""
        return self._clock() * 1000 > self.look_at_ms


class LambdaContext:
    """Same attributes and methods as the managed runtime's context, and no attribute more.

    Raises RuntimeFault for caller details (client context, identity) that are no JSON objects.
    """

    # The deadline stands beside what `vars` shows.
    __slots__ = ("__dict__", "__weakref__", "_deadline")

    def __init__(self, invocation: Invocation, deadline: Deadline, settings: Settings) -> None:
        self._deadline = deadline
        self.aws_request_id = invocation.aws_request_id
        self.log_group_name = settings.log_group_name
        self.log_stream_name = settings.log_stream_name
        self.function_name = settings.function_name
        self.memory_limit_in_mb = settings.memory_limit_in_mb
        self.function_version = settings.function_version
        self.invoked_function_arn = invocation.invoked_function_arn
        self.tenant_id = invocation.aws_tenant_id
        sent = _parsed("Client Context", invocation.client_context)
        self._w3c_fields = _w3c_fields(sent)
        self.client_context = _client_context(sent)
        identity = _parsed("Cognito Identity", invocation.cognito_identity) or {}
        self.identity = CognitoIdentity()
        self.identity.cognito_identity_id = identity.get("cognitoIdentityId")
        self.identity.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")
        self._epoch_deadline_time_in_ms = int(deadline.at_ms)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the platform ends the invocation, never below 0."""
        return self._deadline.remaining_ms()

    def log(self, msg: object) -> None:
        """Writes `msg` to the function's log as it is: no level, no time, no line end."""
        import logging  # hardly any function calls this

        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    def w3c(self) -> dict[str, str]:
        """Returns the W3C trace context (`traceparent`, `tracestate`, `baggage`) as a dict."""
        return dict(self._w3c_fields)

    def __repr__(self) -> str:
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return _shown(self, names)


class _Record:
    """An object with the attributes in `__slots__`, None where they are missing in `fields`."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, fields: dict[str, Any] | None = None) -> None:
        for name in self.__slots__:
            setattr(self, name, (fields or {}).get(name))

    def __repr__(self) -> str:
        return _shown(self, self.__slots__)


class CognitoIdentity(_Record):
    """The identity that called through the mobile SDK."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")
    cognito_identity_id: Any
    cognito_identity_pool_id: Any


class Client(_Record):
    """The application that called through the mobile SDK."""

    __slots__ = CLIENT_FIELDS


class ClientContext(_Record):
    """The details that a caller sent along."""

    __slots__ = CLIENT_CONTEXT_FIELDS
    client: Any


def _shown(each: object, names: Iterable[str]) -> str:
    """Returns the text that the managed runtime's objects have."""
    fields = ",".join([f"{name}={getattr(each, name)}" for name in names])
    return f"{type(each).__name__}([{fields}])"


def _client_context(sent: dict[str, Any] | None) -> ClientContext | None:
    if sent is None:
        return None
    context = ClientContext(sent)
    if context.client is not None:
        context.client = Client(_checked("Client Context", context.client))
    return context


def _w3c_fields(sent: dict[str, Any] | None) -> dict[str, str]:
    """Takes the trace context out of what was sent; anything that is no text is dropped."""
    fields = None
    if sent is not None:
        fields = sent.pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in W3C_FIELDS if isinstance(fields.get(name), str)}


def _parsed(name: str, header: str | None) -> dict[str, Any] | None:
    """Returns a header's JSON object; None where there is none."""
    if not header:
        return None
    try:
        value = json.loads(header)
    except Exception as error:
        raise _unmarshal_fault(name, error) from error
    if value is None:
        return None
    return _checked(name, value)


def _checked(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _unmarshal_fault(name, f"{type(value).__name__} is no object")


def _unmarshal_fault(name: str, reason: object) -> RuntimeFault:
    message = f"Unable to parse {name} JSON: {reason}"
    return RuntimeFault("Runtime.LambdaContextUnmarshalError", message)
