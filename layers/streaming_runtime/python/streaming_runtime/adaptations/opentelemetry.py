"""How does the span of OpenTelemetry's AwsLambdaInstrumentor last until a stream's end?

The instrumentor wraps the handler. Its wrapper ends the span, detaches the context and flushes when
the handler returns. https://opentelemetry.io/docs/platforms/faas/lambda-auto-instrument/
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module

from streaming_runtime.adaptations.lasting import carried, goes_on, is_failure
from streaming_runtime.scopes import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from streaming_runtime.scopes import Scope

    Handler = Callable[..., Any]

FLUSH_MS = 30_000  # the instrumentor's own default


def adapt(module: Any) -> None:
    """`module` is `opentelemetry.instrumentation.aws_lambda`."""
    instrumentor = module.AwsLambdaInstrumentor
    instrument = instrumentor._instrument
    wrap = module.wrap_function_wrapper
    providers: dict[str, Any] = {}

    def remembering(self: Any, **kwargs: Any) -> None:
        providers.update(kwargs)
        instrument(self, **kwargs)

    def wrap_lasting(target: Any, name: str, wrapper: Handler) -> Any:
        def lasting_wrapper(handler: Handler, instance: Any, args: Any, kwargs: Any) -> Any:
            return wrapper(lasting(handler, module, providers), instance, args, kwargs)

        return wrap(target, name, lasting_wrapper)

    instrumentor._instrument = remembering
    module.wrap_function_wrapper = wrap_lasting
    instrumented = instrumentor()  # the only one: its class says so
    if instrumented.is_instrumented_by_opentelemetry:  # before this runtime's first line
        instrumented.uninstrument()
        instrumented.instrument(skip_dep_check=True)


def lasting(handler: Handler, module: Any, providers: dict[str, Any]) -> Handler:
    """Returns a handler whose span ends when its body is closed."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = handler(*args, **kwargs)
        if goes_on(result):
            return carried(result, last(module, providers))
        return result

    return call


def last(module: Any, providers: dict[str, Any]) -> Callable[[], Scope]:
    """Takes the span and the context of this moment on into the stream.

    Returns what gives a context manager in which they are there again.
    """
    trace: Any = import_module("opentelemetry.trace")
    span = trace.get_current_span()
    context = module.context_api.get_current()
    if not span.get_span_context().is_valid:
        span = trace.NonRecordingSpan(span.get_span_context())  # that one is for all who have none
    span.end = lambda *_, **__: None  # for the wrapper, which ends it now

    @contextmanager
    def within() -> Iterator[None]:
        token = module.context_api.attach(context)
        try:
            yield
        finally:
            module.context_api.detach(token)

    def end(error: BaseException | None) -> None:
        try:
            if is_failure(error):
                span.record_exception(error)
                described = f"{type(error).__name__}: {error}"
                span.set_status(trace.Status(trace.StatusCode.ERROR, described))
        finally:  # an exception may refuse to be printed
            del span.end
            span.end()
        flush(module, providers.get("tracer_provider") or module.get_tracer_provider())
        flush(module, providers.get("meter_provider") or module.get_meter_provider())

    at_end(end, within=within)
    return within


def flush(module: Any, provider: Any) -> None:
    if not hasattr(provider, "force_flush"):
        return
    try:
        provider.force_flush(FLUSH_MS)
    except Exception:
        module.logger.exception("failed to flush at the end of a stream")
