"""Streaming for those who write functions: ASGI and WSGI applications, Server-Sent Events, tests.

    from lambda_streaming import Asgi, Wsgi, sse

A name is imported when it is first asked for, so that nobody's cold start pays for the others.
`lambda_streaming.powertools`, `.observe`, `.encoders` and `.testing` are modules of their own.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_streaming.asgi import Asgi
    from lambda_streaming.server_sent_events import Event, ndjson, sse
    from lambda_streaming.wsgi import Wsgi

__all__ = ["Asgi", "Event", "Wsgi", "ndjson", "sse"]

_MODULES = {
    "Asgi": "asgi",
    "Event": "server_sent_events",
    "Wsgi": "wsgi",
    "ndjson": "server_sent_events",
    "sse": "server_sent_events",
}


def __getattr__(name: str) -> "Any":
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
