"""Powertools for AWS Lambda: routes may return streams, and decorators last as long as these.

It relies on names that are not documented; docs/powertools.md lists them. A version without one of
them is logged when it is imported, and that part is not adapted.
"""

from __future__ import annotations

from functools import wraps
from inspect import iscoroutinefunction, signature

from streaming_runtime.adaptations.lasting import lasting, put_off
from streaming_runtime.adaptations.streams import is_read_once, streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

POWERTOOLS = "aws_lambda_powertools"
# Types of a route's result for which Powertools collects and checks what an iterator yields.
COLLECTED = ("list", "tuple", "set", "frozenset", "deque", "Sequence", "Collection", "Set")
NOT_STORED = (
    "idempotency cannot store a streamed response ({kind}), because it is read only once: return "
    "the whole body, or use idempotent_function for what the stream is made of"
)


def adapt(module: ModuleType) -> None:
    """Raises AttributeError for a version of Powertools that is another than it was."""
    adaptation = {
        f"{POWERTOOLS}.event_handler.api_gateway": leave_bodies_alone,
        f"{POWERTOOLS}.event_handler.bedrock_agent": collect_for_agents,
        f"{POWERTOOLS}.event_handler.middlewares.openapi_validation": leave_unvalidated,
        f"{POWERTOOLS}.metrics.provider.base": flush_at_the_streams_end,
        f"{POWERTOOLS}.logging.logger": keep_buffered_records,
        f"{POWERTOOLS}.tracing.tracer": trace_async_handlers,
        f"{POWERTOOLS}.utilities.idempotency.base": refuse_to_store_streams,
    }
    adaptation[module.__name__](module)


# --- event handler


def leave_bodies_alone(api_gateway: Any) -> None:
    """A stream is a response's body as it is: not serialised, compressed or measured.

    The resolver's `context` is there until the stream ends.
    """
    builder = api_gateway.ResponseBuilder
    build = builder.build
    resolver = api_gateway.ApiGatewayResolver
    build_response = resolver._build_response
    alb = api_gateway.ALBResolver
    validate_size = alb._validate_response_size

    def build_with_stream(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = self.response
        body = response.body
        if not _is_streamed(response):
            return build(self, *args, **kwargs)
        stream = body
        if response.is_json():
            from streaming_runtime.adaptations.json_pieces import json_pieces

            stream = json_pieces(body, _encoder(self, response))
        compress = response.compress
        response.body = ""  # Powertools leaves text as it is
        response.compress = False
        try:
            return {**build(self, *args, **kwargs), "body": stream}
        finally:
            response.body = body
            response.compress = compress

    def build_response_with_context(self: Any, response_builder: Any) -> Any:
        result = build_response(self, response_builder)
        if streams(result):
            # Its own: by then the resolver may serve another request, in another thread.
            context = self.context
            put_off(self, "clear_context", lambda _error, _how: context.clear())
        return result

    def validate_whole_sizes(response: Any) -> None:
        if not streams(response):
            validate_size(response)

    builder.build = build_with_stream
    resolver._build_response = build_response_with_context
    alb._validate_response_size = staticmethod(validate_whole_sizes)


def _is_streamed(response: Any) -> bool:
    """Whether a response has a stream as its body; StreamingResponse says so itself."""
    return getattr(response, "body_is_streamed", False) or is_read_once(response.body)


def _encoder(builder: Any, response: Any) -> Callable[[Any], str]:
    """Returns what writes one value as JSON, as Powertools would write the list of all."""
    encode = vars(response).get("_encode_piece")
    if encode is None:
        serializer: Callable[[Any], str] = builder.serializer
        return serializer
    return lambda value: builder.serializer(encode(value))


def leave_unvalidated(openapi_validation: Any) -> None:
    """A stream passes validation unread, unless the route declares a list.

    Values that are no text are encoded as Powertools would do it for a list.
    """
    middleware = openapi_validation.OpenAPIResponseValidationMiddleware
    handle_response = middleware._handle_response
    jsonable_encoder = openapi_validation.jsonable_encoder

    def handle_streams(self: Any, *, route: Any, response: Any) -> Any:
        explicit = getattr(response, "body_is_streamed", False)
        if not _is_streamed(response) or (_declares_list(route) and not explicit):
            return handle_response(self, route=route, response=response)
        serializer = self._validation_serializer
        response._encode_piece = lambda value: jsonable_encoder(value, custom_serializer=serializer)
        return response

    middleware._handle_response = handle_streams


def _declares_list(route: Any) -> bool:
    declared = route.dependant.return_param
    if declared is None:
        return False
    kind = getattr(declared.type_, "__origin__", declared.type_)
    return getattr(kind, "__name__", "") in COLLECTED


def collect_for_agents(bedrock_agent: Any) -> None:
    """An agent of Bedrock takes a whole answer: what a route yields is collected."""
    builder = bedrock_agent.BedrockResponseBuilder
    build = builder.build

    def build_collected(self: Any, *args: Any, **kwargs: Any) -> Any:
        response = self.response
        if _is_streamed(response):
            response.body = _collected(response)
        return build(self, *args, **kwargs)

    builder.build = build_collected


def _collected(response: Any) -> Any:
    """Returns what a response yields: as a list if that becomes JSON, else as one text."""
    if response.is_json():
        encode = vars(response).get("_encode_piece", lambda value: value)
        return [encode(value) for value in response.body]
    pieces = [piece.encode() if isinstance(piece, str) else piece for piece in response.body]
    return b"".join(pieces).decode()


# --- decorators of handlers


def _put_off_after(
    handler: Any, owner: Any, method: str, act: Callable[[BaseException | None, Any], object]
) -> Any:
    """Wraps a handler, so that its decorator's last act comes after its stream.

    Decorators of Powertools end with one call, such as that which writes all figures: the next call
    of `owner`'s `method`. If the result is a stream, or is awaited, `act` does it at the end.
    """
    return lasting(handler, lambda: put_off(owner, method, act), goes_on=_streams_or_is_awaited)


def _streams_or_is_awaited(result: Any) -> bool:
    return streams(result) or hasattr(result, "__await__")


def flush_at_the_streams_end(base: Any) -> None:
    """`log_metrics` flushes when the stream has ended, if the handler returns one."""
    provider = base.BaseProvider
    log_metrics = provider.log_metrics

    def log_metrics_of_streams(
        self: Any, lambda_handler: Any = None, *args: Any, **options: Any
    ) -> Any:
        handler = lambda_handler
        if handler is not None:
            handler = _put_off_after(
                handler, self, "flush_metrics", lambda _error, how: self.flush_metrics(**how)
            )
        return log_metrics(self, handler, *args, **options)

    provider.log_metrics = log_metrics_of_streams


def keep_buffered_records(logger: Any) -> None:
    """Buffered log records are kept to the stream's end, and flushed if it fails."""
    kind = logger.Logger
    inject = kind.inject_lambda_context
    of_inject = signature(inject)

    def inject_for_streams(self: Any, lambda_handler: Any = None, *args: Any, **more: Any) -> Any:
        if lambda_handler is None or not self._buffer_config:
            return inject(self, lambda_handler, *args, **more)
        given = of_inject.bind(self, lambda_handler, *args, **more).arguments
        flush = given.get("flush_buffer_on_uncaught_error", False)

        def end(error: BaseException | None, _how: object) -> None:
            if error is not None and flush:
                self.flush_buffer()
            self._buffer_cache.clear()

        handler = _put_off_after(lambda_handler, self._buffer_cache, "clear", end)
        return inject(self, handler, *args, **more)

    kind.inject_lambda_context = inject_for_streams


def trace_async_handlers(tracer: Any) -> None:
    """The subsegment of an `async def` handler lasts until it has returned."""
    kind = tracer.Tracer
    capture = kind.capture_lambda_handler

    def capture_any_handler(self: Any, lambda_handler: Any = None, *args: Any, **more: Any) -> Any:
        if iscoroutinefunction(lambda_handler):
            return self.capture_method(lambda_handler, *args, **more)
        return capture(self, lambda_handler, *args, **more)

    kind.capture_lambda_handler = capture_any_handler


def refuse_to_store_streams(base: Any) -> None:
    """Raises a TypeError that says why, instead of one about JSON, and the record is deleted.

    A serializer that the function gives can do what it wants.
    """
    handler = base.IdempotencyHandler
    init = handler.__init__
    no_serializer = base.NoOpSerializer

    def init_refusing_streams(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        function = self.function

        @wraps(function)
        def whole(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            stream = result
            if isinstance(result, dict):
                stream = result.get("body")
            if is_read_once(stream):
                raise TypeError(NOT_STORED.format(kind=type(stream).__name__))
            return result

        if isinstance(self.output_serializer, no_serializer):
            self.function = whole

    handler.__init__ = init_refusing_streams
