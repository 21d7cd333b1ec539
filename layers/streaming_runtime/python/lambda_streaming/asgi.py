"""How does an ASGI application respond to Lambda's payloads, each piece as it is sent?

https://asgi.readthedocs.io/en/latest/specs/www.html

Theory of operation. The application runs as one task in the process's event loop. `Exchange` stands
between that task and the reader of the response: the task lays a piece down and waits, the reader
takes it, and when it comes for the next one the task goes on. So nothing is buffered, and the
application is a piece ahead at most. Once the response has begun, the runtime offers a function
that writes a piece at once; then `send` writes by itself, and the loop does not have to stop and
start for each piece, which would cost more than all else. What happens after the last piece
(background tasks, the way out through the middleware) is left for after the response.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from contextvars import copy_context

from streaming_runtime import asynchronous
from streaming_runtime.context import MARGIN_MS, deadline
from streaming_runtime.errors import RuntimeFault, Shutdown
from streaming_runtime.scopes import after_response

from lambda_streaming.event_loops import application_loop
from lambda_streaming.http_request import read_request
from lambda_streaming.http_result import result
from lambda_streaming.lifespan import AUTO, MODES, Lifespan
from lambda_streaming.response_start import framed_length, response_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any

    from lambda_streaming.event_loops import ApplicationLoop
    from lambda_streaming.http_request import HttpRequest

    Message = dict[str, Any]

# As uvicorn has it. From 2.4 on `send` has to raise OSError after a disconnect, and frameworks no
# longer listen for `http.disconnect` while they stream.
SPEC_VERSION = "2.3"
# Extensions that are not offered. What they say is left out, since nobody can be sent it.
IGNORED_MESSAGES = frozenset(
    (
        "http.response.debug",
        "http.response.early_hint",
        "http.response.push",
        "http.response.trailers",
    )
)
GRACE_S = 1.0  # for an application to end by itself after `http.disconnect`
SHUTDOWN_GRACE_S = 0.1
CANCEL_S = 1.0  # for a cancelled application to end
MESSAGES_WITHOUT_PAUSE = 50
ERROR_HEADERS = [(b"content-type", b"text/plain; charset=utf-8")]
ERROR_BODY = b"Internal Server Error"


class Asgi:
    """A Lambda handler that serves an ASGI 3 application, and streams what it sends.

        handler = Asgi(app)

    `lifespan`: "auto" serves an application without lifespan too, "on" demands one, "off" has none.
    `base_path`: the path below which the application stands where the payload does not tell, as
    for `read_request`.

    Called with a payload that is no HTTP request it raises NotAnHttpRequest. Raises TypeError for
    an application of another kind.
    """

    __name__ = "Asgi"  # decorators of handlers read it

    def __init__(self, app: Any, *, lifespan: str = AUTO, base_path: str = "") -> None:
        if lifespan not in MODES:
            raise ValueError(f"lifespan is one of {', '.join(MODES)}, not {lifespan!r}")
        _check(app)
        self.app = app
        self._base_path = base_path
        self._lifespan = Lifespan(app, lifespan)

    def lambda_start(self, *, concurrent: bool = False) -> None:
        """Starts the application, before the first invocation. The runtime calls this.

        `concurrent`: several threads will call the handler at the same time. Raises LifespanFailed.
        """
        loop = application_loop()
        if concurrent:
            loop.run_in_thread()
        self._lifespan.ensure_started(loop)

    def stop(self) -> None:
        """Has the application shut down. At the end of the process that happens by itself."""
        self._lifespan.stop()

    def __call__(self, payload: Any, context: Any = None) -> dict[str, Any]:
        """Returns status, headers and a body that gives each piece as the application sends it.

        Returns when the application has begun its body. Raises NotAnHttpRequest, LifespanFailed,
        and RuntimeFault if the application has not responded shortly before the deadline.
        """
        request = read_request(payload, base_path=self._base_path)
        loop = application_loop()
        self._lifespan.ensure_started(loop)
        scope = self._scope(request, payload, context)
        exchange = Exchange(request, loop, TimeLeft.of(context, loop))
        try:
            exchange.begin(self.app, scope, copy_context())
            exchange.wait_for_start()
            exchange.is_finished_later = after_response(exchange.finish)
            return result(
                request, exchange.status, exchange.headers, Body(exchange), context=context
            )
        except BaseException:
            exchange.close()
            raise

    def _scope(self, request: HttpRequest, payload: Any, context: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": SPEC_VERSION},
            "http_version": request.http_version,
            "method": request.method,
            "scheme": request.scheme,
            "path": request.path,
            "raw_path": request.raw_path,
            "query_string": request.query,
            "root_path": request.root_path,
            "headers": request.headers,
            "client": request.client,
            "server": request.server,
            "state": self._lifespan.state.copy(),
            "extensions": {},
            "aws.event": payload,
            "aws.context": context,
        }


def _check(app: Any) -> None:
    """Raises TypeError for what takes other arguments than an ASGI 3 application."""
    if not callable(app):
        raise TypeError(f"an ASGI application is callable, and a {type(app).__name__} is not")
    try:
        signature = inspect.signature(app)
    except (TypeError, ValueError):  # something built in does not tell
        return
    if _takes(signature, 3):
        return
    if _takes(signature, 2):
        raise TypeError(
            f"{app!r} takes two arguments, as a WSGI application does: use lambda_streaming.Wsgi"
        )
    if _takes(signature, 1):
        raise TypeError(
            f"{app!r} takes the scope alone, as ASGI 2 had it. Make an ASGI 3 application of it, "
            "with asgiref.compatibility.double_to_single_callable"
        )
    raise TypeError(f"{app!r} does not take scope, receive and send: it is no ASGI application")


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


class TimeLeft:
    """Until when does the application have time? In seconds of the loop's clock.

    Lambda ends the invocation at `at_s`. From `close_at_s` on the response must end; a reader that
    has not closed it by `end_at_s` does not look at the deadline.
    """

    def __init__(self, remaining_s: float, loop: ApplicationLoop) -> None:
        self._now_s = loop.now_s
        self.at_s = self._now_s() + remaining_s
        margin_s = min(MARGIN_MS / 1000, remaining_s / 10)
        self.close_at_s = self.at_s - margin_s
        self.end_at_s = self.at_s - margin_s / 2

    @classmethod
    def of(cls, context: Any, loop: ApplicationLoop) -> TimeLeft:
        """Asks the handler's context, or the runtime; a test may have no deadline."""
        ask = getattr(context, "get_remaining_time_in_millis", None)
        if ask is not None:
            return cls(ask() / 1000, loop)
        known = deadline()
        if known is None or not known.remaining_ms():  # that of an invocation long ago
            return cls(float("inf"), loop)
        return cls(known.remaining_ms() / 1000, loop)

    def share_s(self, most_s: float) -> float:
        """Returns `most_s`, or a quarter of what is left before Lambda ends the invocation."""
        return max(0.0, min(most_s, (self.at_s - self._now_s()) / 4))


class Exchange:
    """One request and its response, between the application's task and the response's reader.

    `receive` and `send` are the application's; they run in the event loop. All else is the reader's
    and runs outside of it.
    """

    def __init__(self, request: HttpRequest, loop: ApplicationLoop, time_left: TimeLeft) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_finished_later = False
        self._request = request
        self._loop = loop
        self._time_left = time_left
        self._waiting = threading.Event()
        # The application's side.
        self._task: asyncio.Task[None] | None = None
        self._has_received = False
        self._has_body = False  # its first message has come
        self._unsent_bytes: int | None = None  # until the length that it has declared
        self._messages_without_pause = 0
        self._is_complete = False
        self._is_done = False
        self._error: BaseException | None = None
        # Between the two.
        self._piece = b""
        self._taken: asyncio.Future[None] | None = None
        self.write: Callable[[bytes], bool] | None = None
        self._write_error: BaseException | None = None
        # The reader's side.
        self._over = asyncio.Event()  # nobody reads any more
        self._is_disconnected = False
        self._is_closed = False

    # For the application.

    async def receive(self) -> Message:
        if not self._has_received and not self._over.is_set():
            self._has_received = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        if self._over.is_set():
            await self._pause_at_times()
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.write is not None and self._is_written(message, self.write):
            return
        if self._is_disconnected:
            await self._pause_at_times()
            return
        kind = message["type"]
        if kind in IGNORED_MESSAGES:
            return
        if not self.status:
            _expect("http.response.start", kind)
            self._start(message)
        elif self._is_complete:
            raise RuntimeError(f"{kind!r} was sent after the response was complete")
        else:
            _expect("http.response.body", kind)
            await self._add(message)

    async def _pause_at_times(self) -> None:
        """Lets an endless loop of messages be cancelled that have nothing to wait for.

        Seldom, since servers do not pause there: a source that has an end comes to it.
        """
        self._messages_without_pause += 1
        if self._messages_without_pause >= MESSAGES_WITHOUT_PAUSE:
            self._messages_without_pause = 0
            await asyncio.sleep(0)

    def _start(self, message: Message) -> None:
        status, headers = response_start(message)
        self._unsent_bytes = framed_length(self._request.method, status, headers)
        self.status = status
        self.headers = headers

    async def _add(self, message: Message) -> None:
        piece = bytes(memoryview(message.get("body") or b""))
        is_last = not message.get("more_body", False)
        if self._request.method == "HEAD":
            piece = b""
        self._count(len(piece), is_last=is_last)
        if piece or is_last:
            await self._lay(piece, is_last=is_last)
        else:
            self._has_body = True
            self._wake()
            await self._pause_at_times()

    def _count(self, sent_bytes: int, *, is_last: bool) -> None:
        """Raises RuntimeError if the body has another length than its Content-Length."""
        if self._unsent_bytes is None:
            return
        if sent_bytes > self._unsent_bytes:
            raise RuntimeError(
                f"the body is longer than its Content-Length, by {sent_bytes - self._unsent_bytes} "
                "bytes or more"
            )
        self._unsent_bytes -= sent_bytes
        if is_last and self._unsent_bytes:
            raise RuntimeError(
                f"the body is {self._unsent_bytes} bytes shorter than its Content-Length"
            )

    def _is_written(self, message: Message, write: Callable[[bytes], bool]) -> bool:
        """Writes a piece to the client if the runtime lets it, in the reader's own thread.

        An ordinary piece, that is; all others take the long way.
        """
        piece = message.get("body")
        if type(piece) is not bytes or not piece or not message.get("more_body"):
            return False
        if message["type"] != "http.response.body" or self._unsent_bytes is not None:
            return False
        if self._is_complete or self._is_disconnected or not self._loop.is_run_by_caller():
            return False
        try:
            return asynchronous.interruptible(write, piece)  # a slow reader blocks it
        except BaseException as error:  # no fault of the application: its reader raises it
            self.write = None
            self._write_error = error
            return False

    async def _lay(self, piece: bytes, *, is_last: bool) -> None:
        """Lays `piece` down, and waits until it is taken and the reader wants more.

        The reader may be in another thread, and see what is set here in this order.
        """
        taken = self._loop.loop.create_future()
        self._taken = taken
        self._piece = piece
        self._is_complete = is_last
        self._has_body = True
        self._wake()
        await taken

    def _wake(self) -> None:
        self._loop.wake(self._waiting)

    async def _run(self, app: Callable[..., Any], scope: dict[str, Any]) -> None:
        try:
            returned = await app(scope, self.receive, self.send)
            if returned is not None:
                message = f"an ASGI application returns None, and not {type(returned).__name__}"
                raise TypeError(message)
            if not self._is_complete and not self._is_disconnected:
                what = "complete its response" if self.status else "start a response"
                raise RuntimeError(f"the application returned and did not {what}")
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._is_disconnected and isinstance(error, asyncio.CancelledError):
            return  # as it was told to
        is_open = not (self._is_complete or self._is_disconnected)
        if is_open and self.status and self._unsent_bytes != 0:
            self._error = error  # the reader raises it, and the runtime logs it
            return
        if is_open:
            self._complete()  # first: the text of an exception can fail itself
        from logging import getLogger

        getLogger(__name__).error("asgi.application_failed: %r", error, exc_info=error)

    def _complete(self) -> None:
        """The client has all that it was promised, or gets an error as its response."""
        if not self.status:
            self.headers = ERROR_HEADERS
            self.status = 500
            self._piece = b"" if self._request.method == "HEAD" else ERROR_BODY
        self._is_complete = True
        self._has_body = True

    def _end(self, _task: asyncio.Task[None]) -> None:
        self._is_done = True
        self._wake()

    # For the reader, in the loop.

    def _begin(self, app: Callable[..., Any], scope: dict[str, Any], context: Context) -> None:
        self._task = self._loop.loop.create_task(self._run(app, scope), context=context)
        self._task.add_done_callback(self._end)

    def _return_from_send(self, taken: asyncio.Future[None] | None) -> None:
        if taken is not None and not taken.done():
            taken.set_result(None)
        if self._is_complete:
            self._over.set()

    def _disconnect(self) -> None:
        self._is_disconnected = not self._is_complete
        self._return_from_send(self._taken)
        self._over.set()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    # For the reader, outside of the loop.

    def begin(self, app: Callable[..., Any], scope: dict[str, Any], context: Context) -> None:
        self._loop.call(self._begin, app, scope, context)

    def wait_for_start(self) -> None:
        """Returns when the application has begun its body, or has ended.

        Raises RuntimeFault if it has not until shortly before the deadline.
        """
        while not (self._has_body or self._is_done):
            if self._loop.now_s() >= self._time_left.close_at_s:
                self.close()
                raise _too_late("began")
            self._loop.wait(self._waiting, self._time_left.close_at_s)
        if not self.status and self._error is None:
            raise RuntimeError("the application was ended before its response began")

    def next(self) -> bytes | None:
        """Returns the next piece, b"" if none has come for a while, None after the last one.

        Raises what the application has raised.
        """
        self._waiting.clear()  # a wake from before says nothing about the next piece
        if not (self._piece or self._is_complete or self._is_done):
            self._release()
            self._loop.wait(self._waiting, self._time_left.end_at_s)
        if self._write_error is not None:
            raise self._write_error
        is_done = self._is_done  # set last, so looked at first
        is_complete = self._is_complete
        piece = self._piece
        if piece:
            self._piece = b""
            return piece
        if is_complete:
            if not self.is_finished_later:
                self.finish()
            return None
        if is_done:
            self._is_closed = True
            self._let_generators_close()
            raise self._error or RuntimeError("the application was ended")
        if self._loop.now_s() >= self._time_left.end_at_s:
            raise _too_late("ended")
        return b""

    def _release(self) -> None:
        """The piece was taken: the application's `send` returns."""
        taken = self._taken
        self._taken = None
        if taken is not None:
            self._loop.call(self._return_from_send, taken)

    def finish(self) -> None:
        """Waits for what the application does after its response.

        Shortly before the deadline that is cancelled.
        """
        if not self._is_complete:
            self.close()
            self._collect()
            return
        if self._is_done:
            return
        self._loop.call(self._return_from_send, self._taken)
        try:
            if not self._is_done_until(self._time_left.close_at_s):
                from logging import getLogger

                message = "asgi.background_cut: work after the response had not ended in time"
                getLogger(__name__).warning(message)
        finally:
            self._end_task()

    def close(self) -> None:
        """The reader goes. The application is told, has a moment to end, and is cancelled."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_complete:
            if not self.is_finished_later:
                self.finish()
            return
        grace_s = self._patience_s(GRACE_S)
        self._loop.call(self._disconnect)
        try:
            self._is_done_until(self._loop.now_s() + grace_s)
        finally:
            self._end_task()
        self._let_generators_close()
        if not self.is_finished_later and not after_response(self._collect):
            self._collect()

    def _collect(self) -> None:
        """Finds the generators that a cancelled application has lost, and lets them close.

        Frames and tracebacks of its cancellation refer to each other, and to the generator in their
        midst, until the garbage collector comes. A server runs on until then; Lambda freezes. It
        costs some 30 ms of a whole core, so it is done when the client has the response's end.
        """
        if self._is_disconnected:
            import gc

            gc.collect()
            self._let_generators_close()

    def _let_generators_close(self) -> None:
        self._loop.let_generators_close(self._loop.now_s() + self._patience_s(GRACE_S))

    def _end_task(self) -> None:
        """Cancels the application if it runs, and waits for its end for a moment."""
        if self._is_done:
            return
        self._is_disconnected = True
        until_s = self._loop.now_s() + self._patience_s(CANCEL_S)
        self._loop.call(self._cancel)
        if not self._is_done_until(until_s):
            from logging import getLogger

            message = (
                "asgi.not_cancelled: the application goes on. It caught its cancellation, or waits "
                "for a thread"
            )
            getLogger(__name__).warning(message)

    def _patience_s(self, most_s: float) -> float:
        """Returns how long to wait for the application: `most_s` at most, and less after SIGTERM.

        Half a second is left then for it, for the end of the stream, and for its own shutdown.
        """
        if isinstance(sys.exception(), Shutdown):
            most_s = min(most_s, SHUTDOWN_GRACE_S)
        return self._time_left.share_s(most_s)

    def _is_done_until(self, until_s: float) -> bool:
        while not self._is_done:
            if self._loop.now_s() >= until_s:
                return False
            self._loop.wait(self._waiting, until_s)
        return True


def _expect(expected: str, kind: str) -> None:
    if kind != expected:
        raise RuntimeError(f"the next message has to be {expected!r}, and {kind!r} was sent")


def _too_late(what: str) -> RuntimeFault:
    message = f"the invocation's time was over before the application's response {what}"
    return RuntimeFault("Runtime.DeadlineExceeded", message)


class Body:
    """The body of a response: an iterator of bytes. While the application waits it gives b""."""

    never_blocks = True

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._is_over = False

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        if self._is_over:
            raise StopIteration
        try:
            piece = self._exchange.next()
        except BaseException:
            self._is_over = True
            raise
        if piece is None:
            self._is_over = True
            raise StopIteration
        return piece

    def write_through(self, write: Callable[[bytes], bool]) -> None:
        """Lets pieces be written by `write` as they come; where it returns False they come here."""
        self._exchange.write = write

    def close(self) -> None:
        self._is_over = True
        self._exchange.write = None
        self._exchange.close()
