"""Which resolver serves a request? One of a pool, for as long as the route runs and no longer.

A route returns its stream before the stream begins. So a thousand streams need no resolver, however
many threads they have, and nothing of their requests is kept here.
"""

from collections.abc import Callable
from threading import get_ident
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import (
    ApiGatewayResolver,
    APIGatewayRestResolver,
    LambdaFunctionUrlResolver,
)
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

# Requests that are in their routes at once may need more: those are made, and not kept.
MOST_IDLE = 16


class _Served(NamedTuple):
    """The request that a resolver serves, and the thread that it serves it in."""

    thread: int
    event: BaseProxyEvent
    lambda_context: Any
    context: dict[str, Any]


class _OneRequest:
    """Shows the current request to the thread whose request it is, and to no other.

    Powertools keeps it in attributes of a class, where threads would find each other's. A property
    of the resolver hides those. `context` is what the middlewares note.
    """

    _served: _Served | None = None

    @property
    def current_event(self) -> BaseProxyEvent:
        return self._request().event

    @property
    def lambda_context(self) -> Any:
        return self._request().lambda_context

    @property
    def context(self) -> dict[str, Any]:
        served = self._served
        if served is None or served.thread != get_ident():
            return {}
        return served.context

    @context.setter
    def context(self, _context: dict[str, Any]) -> None:
        """Takes what a resolver sets when it is made, which is empty."""

    def serve(self, served: _Served | None) -> None:
        """Says which request comes next. None: its route is over."""
        if self._served is not None:
            self._served.context.clear()
        self._served = served

    def _request(self) -> _Served:
        served = self._served
        if served is None or served.thread != get_ident():
            raise RuntimeError("a route is over when its stream begins: keep what the stream needs")
        return served


class RestApiResolver(_OneRequest, APIGatewayRestResolver):  # type: ignore[misc, override]
    """Serves payload format 1.0."""


class FunctionUrlResolver(_OneRequest, LambdaFunctionUrlResolver):  # type: ignore[misc, override]
    """Serves payload format 2.0."""


class Resolvers:
    """A pool: each resolver serves one request at a time. Safe with several threads.

    The first is made at once, the others by `make` when they are needed.
    """

    def __init__(self, make: Callable[[], ApiGatewayResolver]) -> None:
        self._make = make
        self._idle = [make()]  # the last one used is the first one taken

    def resolve(self, event: BaseProxyEvent, lambda_context: Any) -> dict[str, Any]:
        """Returns the response to a request. Nothing of the request is kept."""
        resolver: Any = self._taken()
        resolver.serve(_Served(get_ident(), event, lambda_context, {}))
        try:
            result: dict[str, Any] = resolver.resolve(event.raw_event, lambda_context)
            return result
        finally:
            resolver.serve(None)
            base: Any = BaseRouter
            base.current_event = base.lambda_context = None  # nobody reads them
            if len(self._idle) < MOST_IDLE:
                self._idle.append(resolver)

    def _taken(self) -> ApiGatewayResolver:
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()
