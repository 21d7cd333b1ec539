"""How do Sentry's scope and transaction last until a stream's end?

Sentry's AwsLambdaIntegration wraps the handler, and so does its decorator `serverless_function`.
The wrapper leaves the scope and finishes the transaction when the handler returns.
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

    Handler = Callable[..., Any]


def adapt(module: Any) -> None:
    """Adapts one of the two modules that wrap handlers. Raises AttributeError."""
    sdk: Any = import_module("sentry_sdk")
    require(sdk, "get_client", "capture_event")
    require(sdk.scope, "use_isolation_scope", "use_scope")
    require(sdk.scope.Scope, "get_current_scope", "get_isolation_scope")
    require(import_module("sentry_sdk.utils"), "event_from_exception")
    if module.__name__ == "sentry_sdk.integrations.serverless":
        adapt_decorator(module, sdk)
    else:
        adapt_integration(module)


def adapt_decorator(module: Any, sdk: Any) -> None:
    decorator = module.serverless_function

    def serverless_function(f: Handler | None = None, flush: bool = True) -> Any:
        def decorated(f: Handler) -> Any:
            def last_and_flush() -> Callable[[], Scope]:
                within = last("serverless")
                if flush:
                    tool_at_end(lambda _: sdk.flush())
                return within

            return decorator(lasting(f, last_and_flush), flush)

        if f is None:
            return decorated
        return decorated(f)

    module.serverless_function = serverless_function


def adapt_integration(module: Any) -> None:
    wrap_handler = module._wrap_handler
    module._wrap_handler = lambda handler: wrap_handler(
        lasting(handler, lambda: last("aws_lambda"))
    )
    hold_back(import_module("sentry_sdk.tracing").Transaction, "finish")
    streamed_spans = sys.modules.get("sentry_sdk.traces")  # newer releases have them too
    if streamed_spans is not None:
        hold_back(streamed_spans.StreamedSpan, "_end")


def last(mechanism: str) -> Callable[[], Scope]:
    """Takes the scopes and the transaction of this moment on into the stream.

    `mechanism` is Sentry's name for the wrapper that reports. Returns what gives a context manager
    in which they are there again.
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
                    capture(sdk, error, mechanism)
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


def capture(sdk: Any, error: Exception, mechanism: str) -> None:
    """Reports an exception as Sentry's wrappers report those of a handler."""
    utils: Any = import_module("sentry_sdk.utils")
    event, hint = utils.event_from_exception(
        (type(error), error, users_traceback(error)),
        client_options=sdk.get_client().options,
        mechanism={"type": mechanism, "handled": False},
    )
    sdk.capture_event(event, hint=hint)
