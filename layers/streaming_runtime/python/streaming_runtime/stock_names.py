"""Which names of the stock client do tools look for in `__main__`, and replace by their own?

Sentry's integration is such a tool: it wraps the handler that `handle_event_request` gets, and
sends what it has gathered when a method of `LambdaRuntimeClient` is called. Nothing imports this
module but a tool that asks for it. https://docs.sentry.io/platforms/python/integrations/aws-lambda/
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

from streaming_runtime.reports import report
from streaming_runtime.scopes import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from streaming_runtime.context import LambdaContext
    from streaming_runtime.invocation import Handler

# The module where tools look for these names: this one.
bootstrap = sys.modules[__name__]
awslambdaricmain = SimpleNamespace(bootstrap=bootstrap)


class LambdaRuntimeClient:
    """The methods tell tools what has just happened. The runtime itself talks to Lambda."""

    def post_init_error(self, error: Any, *_: object) -> None:
        """The function could not be started. `error` is Lambda's error object."""

    def post_invocation_result(self, *_: object) -> None:
        """The response is whole, and its end about to be sent."""

    def post_invocation_error(self, *_: object) -> None:
        """The invocation has failed, before its first byte or after it."""


CLIENT = LambdaRuntimeClient()


def handle_event_request(
    _client: LambdaRuntimeClient, request_handler: Handler, payload: Any, context: LambdaContext
) -> Any:
    """Calls the handler, which a tool may have wrapped."""
    return request_handler(payload, context)


class Called:
    """A handler that is called through the names of this module, as they are by then."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def __call__(self, payload: Any, context: LambdaContext) -> Any:
        try:
            return bootstrap.handle_event_request(CLIENT, self._handler, payload, context)
        finally:
            at_end(invocation_ended)


def invocation_ended(error: BaseException | None) -> None:
    """Tells tools how an invocation ended."""
    if error is None:
        CLIENT.post_invocation_result()
    else:
        CLIENT.post_invocation_error()


def init_failed(error: Exception) -> None:
    """Tells tools of the exception that is being handled: the function cannot be started."""
    CLIENT.post_init_error(json.loads(json.dumps(report(error))))
