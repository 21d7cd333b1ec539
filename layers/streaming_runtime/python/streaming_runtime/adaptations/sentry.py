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
    carried,
    goes_on,
    hold,
    hold_back,
    is_failure,
    let_go,
    users_traceback,
)
from streaming_runtime.scopes import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from streaming_runtime.scopes import Scope

    Handler = Callable[..., Any]


def adapt(module: Any) -> None:
    """`module` is `sentry_sdk.integrations.aws_lambda`."""
    wrap_handler = module._wrap_handler
    module._wrap_handler = lambda handler: wrap_handler(lasting(handler))
    hold_back(import_module("sentry_sdk.tracing").Transaction, "finish")
    streamed_spans = sys.modules.get("sentry_sdk.traces")  # newer releases have them too
    if streamed_spans is not None:
        hold_back(streamed_spans.StreamedSpan, "_end")


def lasting(handler: Handler) -> Handler:
    """Returns a handler around which Sentry stays as it is until its body is closed."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = handler(*args, **kwargs)
        if goes_on(result):
            return carried(result, last())
        return result

    return call


def last() -> Callable[[], Scope]:
    """Takes the scopes and the transaction of this moment on into the stream.

    Returns what gives a context manager in which they are there again.
    """
    sdk: Any = import_module("sentry_sdk")
    isolation = sdk.get_isolation_scope()
    current = sdk.get_current_scope()
    span = getattr(current, "streamed_span", None) or current.span
    hold(span)

    @contextmanager
    def within() -> Iterator[None]:
        with sdk.scope.use_isolation_scope(isolation), sdk.scope.use_scope(current):
            resume(current, span)
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

    at_end(end, within=within)
    return within


def resume(scope: Any, span: Any) -> None:
    """Makes `span` the parent of what is traced from now on."""
    if hasattr(span, "finish") and hasattr(span, "op"):
        scope.span = span


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
