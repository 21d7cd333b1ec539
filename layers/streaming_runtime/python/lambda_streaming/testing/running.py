"""How does a test run a handler as the streaming runtime runs it?

The runtime's own loop serves one invocation; only the platform at its other end is ours.
"""

from __future__ import annotations

import json
import os
import time
from contextvars import copy_context
from copy import copy
from typing import TYPE_CHECKING, Any

from streaming_runtime.adaptations import adapt_when_imported
from streaming_runtime.context import LEFT_FOR_LATER, leave
from streaming_runtime.invocation import TRACE_ID_VARIABLE, Process
from streaming_runtime.log import Log
from streaming_runtime.loop import Worker
from streaming_runtime.reports import header_type
from streaming_runtime.settings import Settings

from lambda_streaming.testing import fronts
from lambda_streaming.testing.contexts import TIMEOUT_S, Clock, Context, new_context
from lambda_streaming.testing.payloads import function_url
from lambda_streaming.testing.platform import Platform, RecordingLog, TimedOut
from lambda_streaming.testing.replies import Headers, Reply, ResponseRefused
from lambda_streaming.testing.threads import run_here_or_apart
from local_lambda.fronts.payload import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from streaming_runtime.runtime_api import Invocation

    from local_lambda.http.messages import HttpResponse

    Handler = Callable[..., Any]

_ADAPTED: list[bool] = []
_STARTED: list[object] = []  # handlers that were made ready, as once in each process of Lambda


class _NoPayload:
    """Stands for a payload that was not given: None is one."""


NO_PAYLOAD = _NoPayload()


def call(
    handler: Handler,
    payload: object = NO_PAYLOAD,
    context: object = None,
    *,
    raise_errors: bool = False,
) -> Reply:
    """Invokes `handler` with `payload` as the runtime does, and returns what the client gets.

    `payload` is anything that JSON has; without one it is a Function URL's `GET /`. `context` is
    one of `context()`, or any object that the handler shall get. The handler may be a function, an
    async function, a generator, or an object such as `Asgi(app)`.

    What the handler or its body raises is in the reply, and is raised if `raise_errors` says so.
    A test's own failure and Ctrl-C come out in any case. Raises TypeError for a payload that is no
    JSON.
    """
    invoking = Invoking(handler, payload, context)
    own_variables = copy_context()
    run_here_or_apart(lambda: own_variables.run(invoking.run))
    reply = invoking.reply()
    return reply.raise_errors() if raise_errors else reply


def read(
    result: object,
    payload: object = NO_PAYLOAD,
    context: Context | None = None,
    *,
    raise_errors: bool = False,
) -> Reply:
    """Sends what a handler has returned, as the runtime does, and returns what the client gets.

        read(handler(payload, context()), payload)

    Without a `payload` a Function URL has asked. The handler has to be called with `context()`, so
    that it knows that it may stream. Otherwise `call` is to be preferred: it does the whole.
    """
    left = LEFT_FOR_LATER.get()

    def returns(_payload: object, _context: object) -> object:
        works = LEFT_FOR_LATER.get()
        if works is not None:
            works += left or ()
        return result

    try:
        return call(returns, payload, context, raise_errors=raise_errors)
    finally:
        leave()


class Invoking:
    """One invocation of a handler."""

    def __init__(
        self,
        handler: Handler,
        payload: object,
        context: object,
        *,
        make_platform: Callable[[Invocation, Clock, float], Platform] = Platform,
        alone: bool = True,
    ) -> None:
        if payload is NO_PAYLOAD:
            payload = function_url()
        ours = context if isinstance(context, Context) else new_context(timeout_s=_left_s(context))
        self._payload = payload
        self._alone = alone
        self._handler = _handing(handler, ours if context is None else context)
        self._original = handler
        self._settings = Settings(**{**vars(ours.settings), "handler": _name_of(handler)})
        self.clock: Clock = ours.clock
        self.log = RecordingLog(
            ours.clock, as_json=self._settings.log_as_json, level=self._settings.log_level
        )
        self.stop: list[object] = []
        invocation = copy(ours.invocation)  # which may serve several calls
        invocation.body = _as_bytes(payload)
        self.platform = make_platform(invocation, ours.clock, ours.timeout_s)

    def run(self) -> None:
        """Returns when the response and the work after it are done."""
        environ = os.environ if self._alone else None
        before = os.environ.get(TRACE_ID_VARIABLE)
        process = Process(
            self._settings,
            self.log,
            clock=self.clock,
            monotonic=time.monotonic,
            stop=self.stop,
            environ=environ,
        )
        _adapt_once()
        _start_once(self._original)
        try:
            Worker(process, self._handler, self.platform).run()
        finally:
            leave()
            if environ is not None:
                environ.pop(TRACE_ID_VARIABLE, None)
                if before is not None:
                    environ[TRACE_ID_VARIABLE] = before

    def reply(self) -> Reply:
        """Returns what the client got. Raises what is none of the function's business."""
        platform = self.platform
        failure = platform.failure
        for error in (failure, *self.log.errors):
            if error is not None and _belongs_to_test(error):
                raise error
        reply = Reply(
            streamed=platform.is_stream,
            error=platform.time_out or failure,
            started=platform.is_stream,
            late_errors=[error for error in self.log.errors if error is not failure],
            log=self.log.recorded.text,
        )
        if platform.is_stream:
            reply.pieces = platform.pieces
            reply.times_s = platform.times_s
            if platform.prelude is not None:
                _set_head(reply, fronts.of_prelude(platform.prelude))
        else:
            self._set_whole(reply)
        if isinstance(reply.error, TimedOut):
            reply.error_type = reply.error.error_type
        elif reply.error is not None:
            reply.error_type = header_type(reply.error)
        return reply

    def _set_whole(self, reply: Reply) -> None:
        """Sets what a client gets where nothing was streamed."""
        platform = self.platform
        name = fronts.front_name(self._payload)
        at_s = platform.times_s[0] if platform.times_s else platform.now_s()
        response: HttpResponse | None = None
        if platform.too_large_bytes:
            text = f"the response has {platform.too_large_bytes} bytes; Lambda takes 6 MB at once"
            reply.error = ResponseRefused(text)
        elif platform.whole is not None and name:
            try:
                response = fronts.rendered(
                    name,
                    self._payload,
                    platform.whole,
                    platform.content_type,
                    streams=not self._settings.buffered,
                )
            except ResultError as error:
                reply.error = ResponseRefused(f"{name} cannot use the result: {error}")
        elif platform.whole is not None:
            reply.headers = Headers([("Content-Type", platform.content_type)])
            reply.pieces = [platform.whole]
        if name and response is None:
            response = fronts.failed(name)
        if response is not None:
            _set_head(reply, response)
            reply.pieces = [response.body] if response.body else []
        reply.times_s = [at_s] * len(reply.pieces)


def _set_head(reply: Reply, response: HttpResponse) -> None:
    reply.status = response.status
    reply.headers = Headers(response.headers)
    reply.cookies = reply.headers.all("set-cookie")


def _handing(handler: Handler, context: object) -> Handler:
    """Returns the handler, called with the context of the test."""

    def handing(payload: object, _context: object) -> object:
        return handler(payload, context)

    return handing


def _left_s(context: object) -> float:
    """Returns the time that a context of somebody else's making leaves, in seconds."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if callable(remaining) else TIMEOUT_S


def _name_of(handler: object) -> str:
    named = handler if hasattr(handler, "__qualname__") else type(handler)
    module = getattr(named, "__module__", "")
    return f"{module}.{getattr(named, '__qualname__', '')}"


def _as_bytes(payload: object) -> bytes:
    try:
        return json.dumps(payload).encode()
    except (TypeError, ValueError) as error:
        raise TypeError(f"a payload has only what JSON has: {error}") from error


def _adapt_once() -> None:
    """Has libraries adapted that the function uses, as the runtime does it (Powertools, for one).

    It lasts for the whole process, as on Lambda. Outside of an invocation they are as ever.
    """
    if not _ADAPTED:
        _ADAPTED.append(True)
        adapt_when_imported(Log(time.time))


def _start_once(handler: object) -> None:
    """Makes a handler that is an object ready, as the runtime does before its first invocation."""
    lambda_start = getattr(handler, "lambda_start", None)
    if lambda_start is not None and not any(each is handler for each in _STARTED):
        _STARTED.append(handler)
        lambda_start(concurrent=False)


def _belongs_to_test(error: BaseException) -> bool:
    """Whether a test has failed or was skipped inside of the function, or somebody stops it."""
    kinds = type(error).__mro__
    return KeyboardInterrupt in kinds or any(
        kind.__module__ == "_pytest.outcomes" for kind in kinds
    )
