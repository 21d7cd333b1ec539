"""How do Sentry's scope and transaction last until a stream's end?

Sentry's AwsLambdaIntegration wraps the handler. Its wrapper leaves the scope and finishes the
transaction when the handler returns.
https://docs.sentry.io/platforms/python/integrations/aws-lambda/
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module

from streaming_runtime.adaptations.lasting import (
    hold,
    hold_back,
    is_failure,
    lasting,
    let_go,
    require,
    tool_at_end,
    users_traceback,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from streaming_runtime.scopes import Scope


def adapt(module: Any) -> None:
    """`module` is `sentry_sdk.integrations.aws_lambda`."""
    sdk: Any = import_module("sentry_sdk")
    require(sdk, "get_client", "capture_event")
    require(sdk.scope, "use_isolation_scope", "use_scope")
    require(sdk.scope.Scope, "get_current_scope", "get_isolation_scope")
    require(import_module("sentry_sdk.utils"), "event_from_exception")
    wrap_handler = module._wrap_handler
    module._wrap_handler = lambda handler: wrap_handler(lasting(handler, last))
    hold_back(import_module("sentry_sdk.tracing").Transaction, "finish")
    streamed_spans = sys.modules.get("sentry_sdk.traces")  # newer releases have them too
    if streamed_spans is not None:
        hold_back(streamed_spans.StreamedSpan, "_end")


def last() -> Callable[[], Scope]:
    """Takes the scopes and the transaction of this moment on into the stream.

    Returns what gives a context manager in which they are there again.
    """
    sdk: Any = import_module("sentry_sdk")
    isolation = sdk.scope.Scope.get_isolation_scope()
    current = sdk.scope.Scope.get_current_scope()
    span = getattr(current, "streamed_span", None) or current.transaction
    parent = current.span
    if span is not None:
        hold(span)

    @contextmanager
    def within() -> Iterator[None]:
        with sdk.scope.use_isolation_scope(isolation), sdk.scope.use_scope(current):
            if parent is not None:  # the wrapper's `with` has taken it away
                current.span = parent
            try:
                yield
            except BaseException as error:
                if is_failure(error):
                    capture(sdk, error)
                raise

    def end(error: BaseException | None) -> None:
        let_go(span)
        with sdk.scope.use_isolation_scope(isolation), sdk.scope.use_scope(current):
            finish(span, error)

    tool_at_end(end, within=within)
    return within


def finish(span: Any, error: BaseException | None) -> None:
    if span is None:
        return
    if hasattr(span, "set_status"):
        if is_failure(error):
            span.set_status("internal_error")
        span.finish()
        return
    if is_failure(error):
        span.status = "error"
    span.end()


def capture(sdk: Any, error: Exception) -> None:
    """Reports an exception as the integration reports those of a handler."""
    utils: Any = import_module("sentry_sdk.utils")
    event, hint = utils.event_from_exception(
        (type(error), error, users_traceback(error)),
        client_options=sdk.get_client().options,
        mechanism={"type": "aws_lambda", "handled": False},
    )
    sdk.capture_event(event, hint=hint)
