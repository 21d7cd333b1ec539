"""What surrounds the reading of a body, from before its first piece to after its closing?

A decorator of a handler ends when the handler returns, which is before the stream begins. What must
live as long as the stream does is a scope here. Scopes of every body are in STREAM_SCOPES; what
belongs to one invocation is handed to `at_end` while its handler runs.
"""

from __future__ import annotations

from contextvars import ContextVar

from streaming_runtime.context import LEFT_FOR_LATER, REQUEST_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any

    Result = dict[str, Any]
    Write = Callable[[bytes], None]
    Scope = AbstractContextManager[Any]
    End = Callable[[BaseException | None], object]

# Each is called for each body, and gives the context manager that is entered for it.
STREAM_SCOPES: list[Callable[[], Scope]] = []
# Ends that the handler of this invocation has put off, the innermost decorator first.
_PUT_OFF: ContextVar[list[tuple[End, Callable[[], Scope] | None]] | None] = ContextVar(
    "put_off", default=None
)

# Begins the response of the invocation whose handler runs.
BEGIN: ContextVar[Callable[[Result], Write | None] | None] = ContextVar("begin", default=None)


def begin_response(make_result: Callable[[], Result]) -> Write | None:
    """Begins the response before the handler returns, for code that is handed pieces meanwhile.

    `make_result()` gives the proxy result that the handler is going to return. Its body is not
    read yet, and whatever becomes of its other fields comes too late. Returns a function that sends
    a piece of one byte or more at once; it raises what a body would be ended with. Returns None,
    having sent nothing, where no handler of this runtime runs, where one response must hold it all,
    or where there can be no body.
    """
    begin = BEGIN.get()
    if begin is None:
        return None
    return begin(make_result())


def after_response(work: Callable[[], object]) -> bool:
    """Has `work` called once, when Lambda has got the whole response of this invocation.

    The client has it by then, and the next invocation waits. Lambda's timeout goes on, and the work
    has to end before it; nobody else stops it but SIGTERM. What it raises is logged. Returns False,
    and leaves the work to the caller, where no invocation of this runtime runs.
    """
    works = LEFT_FOR_LATER.get()
    if works is None:
        return False
    works.append(work)
    return True


def finish() -> Iterator[BaseException]:
    """Does what was left for after the response. Yields what that raises."""
    works = LEFT_FOR_LATER.get()
    while works:
        try:
            works.pop(0)()
        except BaseException as error:  # sys.exit() ends no environment in a handler either
            yield error
    LEFT_FOR_LATER.set(None)


def at_end(end: End, *, within: Callable[[], Scope] | None = None) -> None:
    """Calls `end` once, when the body of this invocation is closed.

    It gets the exception that ended the body, or None. Without a stream it is called as soon as the
    handler's result is known. In either case that is before Lambda gets the end of the response.
    `within` gives a context manager for the body, as those of STREAM_SCOPES are. It comes before
    them, and is exited before `end` is called. Outside of an invocation of this runtime `end` is
    called at once.
    """
    if REQUEST_ID.get() is None:  # the handler runs under another client, or in a test
        end(None)
        return
    put_off = _PUT_OFF.get()
    if put_off is None:
        put_off = []
        _PUT_OFF.set(put_off)
    put_off.append((end, within))


def end_all(error: BaseException | None) -> None:
    """Calls what was put off until the body's end. What it raises comes out unless `error` is."""
    put_off = _PUT_OFF.get()
    own: BaseException | None = None
    while put_off:
        end, _ = put_off.pop(0)
        try:
            end(error)
        except BaseException as raised:
            own = own or raised
    if own is not None and error is None:
        raise own


class StreamScopes:
    """A context manager: enters all STREAM_SCOPES in their order, and exits them in reverse.

    After them comes all that was put off until the body's end. Each is handed the exception that
    ended the body, and none can swallow it. What a scope raises itself comes out as the body's own
    error would; the others are exited all the same. A body that `is_whole` was made while the
    handler ran, and has none.
    """

    def __init__(self, is_whole: bool) -> None:
        self._scopes: list[Callable[[], Scope]] = []
        if not is_whole:
            outer = [within for _, within in reversed(_PUT_OFF.get() or ()) if within]
            self._scopes = [*outer, *STREAM_SCOPES]
        self._entered: list[Scope] = []

    def __enter__(self) -> None:
        try:
            for scope in self._scopes:
                manager = scope()
                manager.__enter__()
                self._entered.append(manager)
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        own: BaseException | None = None
        while self._entered:
            try:
                self._entered.pop().__exit__(kind, error, traceback)
            except BaseException as raised:
                own = own or raised
        end_all(error or own)
        if own is not None and error is None:
            raise own
