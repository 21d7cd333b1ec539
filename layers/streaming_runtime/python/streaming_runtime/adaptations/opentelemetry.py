"""How does the span of OpenTelemetry's AwsLambdaInstrumentor last until a stream's end?

The instrumentor wraps the handler. Its wrapper ends the span, detaches the context and flushes when
the handler returns. https://opentelemetry.io/docs/platforms/faas/lambda-auto-instrument/
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module

from streaming_runtime.adaptations.lasting import attempt, is_failure, lasting, tool_at_end

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
            return wrapper(lasting(handler, lambda: last(providers)), instance, args, kwargs)

        return wrap(target, name, lasting_wrapper)

    instrumentor._instrument = remembering
    module.wrap_function_wrapper = wrap_lasting
    instrumented = instrumentor()  # the only one: its class says so
    if instrumented.is_instrumented_by_opentelemetry:  # before this runtime's first line
        instrumented.uninstrument()
        instrumented.instrument(skip_dep_check=True)


def last(providers: dict[str, Any]) -> Callable[[], Scope]:
    """Takes the span and the context of this moment on into the stream.

    Returns what gives a context manager in which they are there again.
    """
    trace: Any = import_module("opentelemetry.trace")
    contexts: Any = import_module("opentelemetry.context")
    span = trace.get_current_span()
    context = contexts.get_current()
    if not span.get_span_context().is_valid:
        span = trace.NonRecordingSpan(span.get_span_context())  # that one is for all who have none
    span.end = lambda *_, **__: None  # for the wrapper, which ends it now

    @contextmanager
    def within() -> Iterator[None]:
        token = contexts.attach(context)
        try:
            yield
        finally:
            contexts.detach(token)

    def end(error: BaseException | None) -> None:
        try:
            if is_failure(error):
                span.record_exception(error)
                described = f"{type(error).__name__}: {error}"
                span.set_status(trace.Status(trace.StatusCode.ERROR, described))
        finally:  # an exception may refuse to be printed
            del span.end
            span.end()
        metrics: Any = import_module("opentelemetry.metrics")
        flush(providers.get("tracer_provider") or trace.get_tracer_provider())
        flush(providers.get("meter_provider") or metrics.get_meter_provider())

    tool_at_end(end, within=within)
    return within


def flush(provider: Any) -> None:
    if hasattr(provider, "force_flush"):
        attempt(lambda: provider.force_flush(FLUSH_MS))
