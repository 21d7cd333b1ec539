"""How does what a tool ends with the handler last until the body's end?"""

from __future__ import annotations

from functools import wraps

from streaming_runtime.body import WHOLE
from streaming_runtime.errors import PACKAGE
from streaming_runtime.runtime_api import PlatformGone
from streaming_runtime.scopes import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeGuard

    from streaming_runtime.scopes import End, Scope

    Handler = Callable[..., Any]
    Act = Callable[[BaseException | None, dict[str, Any]], object]

_HELD: dict[int, Any] = {}


def goes_on(result: object) -> bool:
    """Whether something of a result is still to come when the handler has returned it.

    The answer may be yes for a result that turns out to be an error, never no for a stream.
    """
    if isinstance(result, dict):
        result = result.get("body")
    if result is None or isinstance(result, WHOLE):
        return False
    streamed = ("__next__", "__iter__", "__anext__", "__aiter__", "__await__", "__aenter__", "read")
    return any(hasattr(result, name) for name in streamed)


def lasting(
    handler: Handler,
    last: Callable[[], Callable[[], Scope] | None],
    *,
    goes_on: Callable[[Any], bool] = goes_on,
) -> Handler:
    """Returns a handler after which `last` is called if its result goes on.

    `last` has a tool last, and may return what gives the context manager of the stream.
    """

    @wraps(handler)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = handler(*args, **kwargs)
        if not goes_on(result):
            return result
        within = attempt(last)
        if within is None:
            return result
        return carried(result, within)

    return call


def put_off(owner: Any, method: str, act: Act) -> None:
    """Has `act` do the next call of `owner`'s method when the body of this invocation has ended.

    It gets the exception that ended the body, or None, and the keyword arguments of the call.
    """
    attributes = vars(owner)

    def held(**kwargs: Any) -> None:
        if attributes.get(method) is held:
            attributes.pop(method, None)
        at_end(lambda error: act(error, kwargs))

    attributes[method] = held


def tool_at_end(end: End, *, within: Callable[[], Scope] | None = None) -> None:
    """Does what `at_end` does, for the end of a tool: its errors are none of the function."""
    at_end(lambda error: attempt(lambda: end(error)), within=within)


def attempt(do: Callable[[], Any]) -> Any:
    """Returns what `do` returns, or None when it fails, which is logged."""
    try:
        return do()
    except Exception:
        import logging  # as all of these tools do

        logging.getLogger(__name__).exception("a tool cannot last until the end of a stream")
        return None


def described(result: Any) -> Any:
    """Returns a result as a tool can show it, without the body that is gone by then."""
    if isinstance(result, dict):
        return {**result, "body": "(streamed)"}
    return "(streamed)"


def require(owner: Any, *names: str) -> None:
    """Raises AttributeError if a release of a library lacks a name that an adaptation needs."""
    for name in names:
        getattr(owner, name)


def carried(result: Any, within: Callable[[], Scope]) -> Any:
    """Returns a result. What an `async def` handler has still to do, is done in `within`."""
    if not hasattr(result, "__await__"):
        return result
    return _awaited_within(result, within)


async def _awaited_within(awaitable: Any, within: Callable[[], Scope]) -> Any:
    with within():
        return await awaitable


def hold_back(kind: Any, name: str) -> None:
    """Makes a method do nothing as long as its object is held."""
    method = getattr(kind, name)

    def held_back(held: Any, *args: Any, **kwargs: Any) -> Any:
        if id(held) in _HELD:
            return None
        return method(held, *args, **kwargs)

    setattr(kind, name, held_back)


def hold(what: Any) -> bool:
    """Keeps open what a tool is about to end. Returns False for what is held already."""
    is_new = id(what) not in _HELD
    _HELD[id(what)] = what
    return is_new


def let_go(what: Any) -> None:
    """Lets it be ended from now on."""
    _HELD.pop(id(what), None)


def is_failure(error: BaseException | None) -> TypeGuard[Exception]:
    """Whether a tool should report what ended a body.

    The end of the process is no failure of the function, and neither is a client that does not
    read, or a platform that has hung up.
    """
    return isinstance(error, Exception) and not isinstance(error, PlatformGone)


def users_traceback(error: BaseException) -> TracebackType | None:
    """Returns the traceback of an exception without the runtime's own frames, the outer ones.

    Their variables hold the request, and tools send variables along.
    """
    traceback = error.__traceback__
    while traceback and traceback.tb_frame.f_code.co_filename.startswith(PACKAGE):
        traceback = traceback.tb_next
    return traceback
