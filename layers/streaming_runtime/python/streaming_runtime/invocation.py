"""One invocation, from its payload to the platform's verdict. Every ending is visible here."""

from __future__ import annotations

import sys
from importlib import import_module

from streaming_runtime.body import ASYNCHRONOUS, as_text
from streaming_runtime.context import Deadline, LambdaContext, enter
from streaming_runtime.errors import RuntimeFault, Shutdown
from streaming_runtime.plain_json import as_json, payload_of
from streaming_runtime.plan import Buffered, Plain, Streamed, front_of, plan
from streaming_runtime.runtime_api import Forked, PlatformGone, Stalled
from streaming_runtime.scopes import BEGIN, StreamScopes, end_all, finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from typing import Any

    from streaming_runtime.body import Bytes, Pieces, Result
    from streaming_runtime.last_piece import LastPieces, LastPull
    from streaming_runtime.log import Log
    from streaming_runtime.runtime_api import Invocation, Response, ResponseStream, RuntimeApi
    from streaming_runtime.settings import Settings

    Handler = Callable[[Any, LambdaContext], Any]
    Write = Callable[[bytes], None]
    Begin = Callable[[Result], Write | None]

TRACE_ID_VARIABLE = "_X_AMZN_TRACE_ID"


class Process:
    """The facts that all invocations of this process share.

    `stop` has something in it once the process must end. `clock` gives epoch seconds, `monotonic`
    seconds. `environ`: where the trace id is written; None with several invocations at once.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        stop: list[object],
        environ: MutableMapping[str, str] | None,
    ) -> None:
        self.settings = settings
        self.log = log
        self.clock = clock
        self.monotonic = monotonic
        self.stop = stop
        self.environ = environ


class EarlyEnd(Exception):
    """The handler has begun the response itself, and then failed."""

    def __init__(self, stream: ResponseStream, failure: BaseException) -> None:
        super().__init__()
        self.stream = stream
        self.failure = failure


class Checkpoint:
    """Between two pieces: may the iterator go on?

    `stream` is what the pieces are sent on, once it is open.
    """

    def __init__(self, deadline: Deadline, stop: list[object]) -> None:
        self.deadline = deadline
        self._stop = stop
        self.stream: ResponseStream | None = None
        self._lost: BaseException | None = None

    def between(self, pieces: Pieces) -> Iterator[Bytes]:
        """Yields the pieces, until there is no time for another one.

        A body that ends is complete, however late it is. Raises Shutdown after SIGTERM, and
        RuntimeFault when there is a piece more and no time for it.
        """
        if self._lost is not None:
            raise self._lost
        if pieces.is_whole:
            yield from pieces
            return
        last_pieces: LastPieces | None = None
        last_pull: LastPull | None = None
        stop = self._stop
        is_in_sight = self.deadline.is_in_sight
        try:
            for piece in pieces:
                if last_pull:
                    raise last_pull.too_late()
                yield piece
                if stop:
                    raise Shutdown
                if is_in_sight():
                    from streaming_runtime.last_piece import LastPieces

                    last_pieces = last_pieces or LastPieces(self.deadline)
                    last_pull = last_pieces.pull_after(len(piece), self.stream)
                    if last_pull and not pieces.is_asynchronous:  # that looks at the clock itself
                        last_pull.begin()
        except GeneratorExit:
            if last_pull and last_pull.has_rung:
                raise last_pull.too_late() from None
            raise
        finally:
            if last_pull:
                last_pull.end()

    def written(self, piece: bytes, *, wait: bool = True) -> bool:
        """Sends `piece` at once where there is nothing to look at. Returns False if it did not.

        Without `wait` also where the reader is slow: then any thread may call it, while the body's
        own thread makes the next piece.
        """
        if self.stream is None or self._stop or self.deadline.is_in_sight():
            return False
        if not wait:
            return self.stream.write_without_wait(piece)
        self.stream.write(piece)
        return True

    def write(self, piece: bytes) -> None:
        """Sends `piece`, which the handler has written while it ran.

        Raises Shutdown after SIGTERM, and RuntimeFault if there is no time for it. A handler that
        catches that has lost a piece, so it comes again, at the latest when the body is read.
        """
        if self._lost is not None:
            raise self._lost
        try:
            self._write(piece)
        except BaseException as error:
            self._lost = error
            raise

    def _write(self, piece: bytes) -> None:
        if self._stop:
            raise Shutdown
        if self.stream is None or self.deadline.now_ms() >= self.deadline.close_at_ms:
            message = "the invocation's time was over before the body's end"
            raise RuntimeFault("Runtime.DeadlineExceeded", message)
        self.stream.write(piece)

    def left_s(self) -> float:
        """Returns the seconds in which a body may still come."""
        now_ms = self.deadline.now_ms()
        return max(self.deadline.close_at_ms - now_ms, (self.deadline.at_ms - now_ms) / 2, 0) / 1000


def serve(
    api: RuntimeApi, handler: Handler, invocation: Invocation, process: Process
) -> Response | None:
    """Calls `handler`, sends its response, and then does what was left for after it.

    Returns the platform's response; None when the platform was gone, or nobody read the response.
    Raises Shutdown.
    """
    deadline = Deadline.of(invocation.deadline_ms, process.clock)
    enter(invocation, deadline, alone=process.environ is not None)
    if process.environ is not None:
        process.environ.pop(TRACE_ID_VARIABLE, None)
        if invocation.trace_id:
            process.environ[TRACE_ID_VARIABLE] = invocation.trace_id
    verdict = _respond(api, handler, invocation, process, deadline)
    for error in finish():
        if isinstance(error, Shutdown) or Forked.happened:
            raise error
        process.log.error(error)
    return verdict


def _respond(
    api: RuntimeApi,
    handler: Handler,
    invocation: Invocation,
    process: Process,
    deadline: Deadline,
) -> Response | None:
    check = Checkpoint(deadline, process.stop)
    try:
        try:
            mode = _mode(api, handler, invocation, process, check)
            return _send(api, invocation, mode, process, check)
        except EarlyEnd as early:
            return _ended(early.stream, early.failure, process)
        except (PlatformGone, Shutdown):
            raise
        except BaseException as error:  # before the first byte: an honest invocation error
            if Forked.happened:
                raise
            process.log.error(error)
            end_all(error)  # after the log: a tool may wait for its server until the timeout
            phase = f"invocation/{invocation.aws_request_id}"
            return api.error(phase, error, invocation)
    except PlatformGone as gone:
        process.log.write("WARN", f"runtime.platform_gone: {gone}")
        return None


def _mode(
    api: RuntimeApi, handler: Handler, invocation: Invocation, process: Process, check: Checkpoint
) -> Plain | Buffered | Streamed:
    """Calls the handler, and decides how its result is sent.

    Raises EarlyEnd for an error after the handler has begun the response itself.
    """
    try:
        context = LambdaContext(invocation, check.deadline, process.settings)
        payload = payload_of(invocation.take_body(), invocation.content_type)
        BEGIN.set(_begin(api, invocation, payload, process, check))
        try:
            result = _called(handler, payload, context, process)
            if hasattr(result, "__await__"):
                result = _awaited(result, process)
        finally:
            BEGIN.set(None)
        mode = _planned(result, payload, process)
        if check.stream is not None and not isinstance(mode, Streamed):
            raise TypeError("the handler has begun a response, and returned another one")
    except BaseException as error:
        if check.stream is None or Forked.happened:
            raise
        _say(error, process)
        end_all(error)
        raise EarlyEnd(check.stream, error) from error
    return mode


def _called(handler: Handler, payload: Any, context: LambdaContext, process: Process) -> Any:
    call = called_by(handler)
    if process.environ is not None:
        return call(payload, context)
    from streaming_runtime.frames import apart  # one of many threads: a stream keeps no deep stack

    return apart(call, payload, context)


def _planned(result: Any, payload: Any, process: Process) -> Plain | Buffered | Streamed:
    return plan(
        result,
        front_of(payload),
        buffered=process.settings.buffered,
        ascii_only=process.settings.ascii_only,
        handler=process.settings.handler,
    )


def _begin(
    api: RuntimeApi, invocation: Invocation, payload: Any, process: Process, check: Checkpoint
) -> Begin:
    """Returns what begins the response before the handler returns."""

    def begin(result: Result) -> Write | None:
        mode = _planned(result, payload, process)
        if not isinstance(mode, Streamed) or not mode.filler or mode.pieces.is_coded:
            return None
        check.stream = _opened(api, invocation, mode, process, mode.take_prelude())
        return check.write

    return begin


def _awaited(result: Any, process: Process) -> Any:
    """Returns what an `async def` handler results in. Raises Shutdown."""

    def check() -> None:
        if process.stop:
            raise Shutdown

    return import_module(ASYNCHRONOUS).awaited(result, check)


def called_by(handler: Handler) -> Handler:
    """Returns the handler as tools want it called that know the stock client, if there are any."""
    stock_names: Any = sys.modules.get("streaming_runtime.stock_names")
    if stock_names is None:
        return handler
    called: Handler = stock_names.Called(handler)
    return called


def _send(
    api: RuntimeApi,
    invocation: Invocation,
    mode: Plain | Buffered | Streamed,
    process: Process,
    check: Checkpoint,
) -> Response | None:
    """Raises for as long as nothing was sent."""
    match mode:
        case Plain(body, content_type):
            end_all(None)
            return api.respond(invocation, body, content_type)
        case Buffered(fields, pieces):
            content = _collected(fields, pieces, check, process)
            return api.respond(invocation, as_json({**fields, **as_text(content)}))
        case Streamed():
            return _stream(api, invocation, mode, process, check)


def _stream(
    api: RuntimeApi, invocation: Invocation, mode: Streamed, process: Process, check: Checkpoint
) -> Response | None:
    stream = check.stream  # which the handler may have begun itself
    failure: BaseException | None = None
    mode.pieces.offer(check.written)
    try:
        with StreamScopes(mode.pieces.is_whole), mode.pieces:
            for piece in check.between(mode.pieces):
                if piece:
                    if stream is None:
                        stream = _opened(api, invocation, mode, process, mode.take_prelude())
                        check.stream = stream
                    stream.write(piece)
    except BaseException as error:
        if stream is None or Forked.happened:
            raise
        failure = error  # after the first byte the trailers say it, and there is no second response
        _say(error, process)
    if stream is None:
        stream = _opened(api, invocation, mode, process, mode.prelude, mode.filler)
    return _ended(stream, failure, process)


def _opened(
    api: RuntimeApi, invocation: Invocation, mode: Streamed, process: Process, *first: bytes
) -> ResponseStream:
    return api.open_stream(
        invocation,
        first=first,
        content_type=mode.content_type,
        write_timeout_s=process.settings.write_timeout_s,
    )


def _say(error: BaseException, process: Process) -> None:
    """Writes to the log what has ended a stream."""
    if isinstance(error, Stalled):
        pass  # `end` says it again
    elif isinstance(error, PlatformGone):
        process.log.write("WARN", f"runtime.response_broken: {error}")
    else:
        process.log.error(error)


def _ended(
    stream: ResponseStream, failure: BaseException | None, process: Process
) -> Response | None:
    """Ends `stream`, with trailers for `failure`. Raises it if it is a Shutdown."""
    try:
        return stream.end(failure)
    except Stalled as stalled:
        process.log.write("WARN", f"runtime.response_stalled: {stalled}")
        return None
    finally:
        if isinstance(failure, Shutdown):
            raise failure


def _collected(fields: Result, pieces: Pieces, check: Checkpoint, process: Process) -> bytes:
    """Returns all bytes of `pieces`; for tools that cannot stream, those that come in a while."""
    wait_s = process.settings.wait_s
    if wait_s:
        from streaming_runtime.one_response import collected_for

        wait_s = min(wait_s, check.left_s())
        found, why_cut = collected_for(wait_s, pieces, process, len(as_json(fields)))
        if why_cut:
            process.log.write("WARN", f"runtime.body_cut: {why_cut}")
        return found
    content = bytearray()
    with StreamScopes(pieces.is_whole), pieces:
        for piece in check.between(pieces):
            content += piece
    return bytes(content)
