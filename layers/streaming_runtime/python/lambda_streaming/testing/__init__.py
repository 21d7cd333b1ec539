"""Tests for functions that stream, without a server and without an account.

    from lambda_streaming.testing import call, function_url

    reply = call(handler, function_url(path="/count"))
    assert reply.pieces == [b"0\\n", b"1\\n"]

A name is imported when it is first asked for. `lambda_streaming.testing.plugin` is for pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_streaming.testing.contexts import Context, context
    from lambda_streaming.testing.events import Event, EventReader
    from lambda_streaming.testing.payloads import (
        function_url,
        http_api,
        load_balancer,
        rest_api,
    )
    from lambda_streaming.testing.replies import Headers, Reply, ResponseRefused
    from lambda_streaming.testing.running import call, read
    from lambda_streaming.testing.stepping import Opened, opened

__all__ = [
    "Context",
    "Event",
    "EventReader",
    "Headers",
    "Opened",
    "Reply",
    "ResponseRefused",
    "call",
    "context",
    "function_url",
    "http_api",
    "load_balancer",
    "opened",
    "read",
    "rest_api",
]

_MODULES = {
    "Context": "contexts",
    "Event": "events",
    "EventReader": "events",
    "Headers": "replies",
    "Opened": "stepping",
    "Reply": "replies",
    "ResponseRefused": "replies",
    "call": "running",
    "context": "contexts",
    "function_url": "payloads",
    "http_api": "payloads",
    "load_balancer": "payloads",
    "opened": "stepping",
    "read": "running",
    "rest_api": "payloads",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "local_lambda":
            raise
        needed = "the layer alone is not enough for tests: pip install lambda-streaming"
        raise ImportError(f"{__name__}.{name}: {needed}") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
