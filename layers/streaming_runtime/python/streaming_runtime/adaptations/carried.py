"""What do decorators of a handler leave to the end of its stream?

A decorator ends when the handler returns. What it must do after the last piece waits here, in the
order in which the decorators ended, and is done by the scope that the stream is read in.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import wraps

from streaming_runtime.adaptations.streams import streams
from streaming_runtime.context import REQUEST_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    Scope = AbstractContextManager[Any]

_LEFT: dict[str | None, list[Scope]] = {}  # by request id


def leave(scope: Scope) -> None:
    """Has `scope` entered before the first piece of this invocation's body is asked for."""
    _LEFT.setdefault(REQUEST_ID.get(), []).append(scope)


@contextmanager
def stream_scope() -> Iterator[None]:
    """The scope of one stream: enters what was left for it, the outermost decorator's first."""
    with ExitStack() as stack:
        for scope in reversed(_LEFT.pop(REQUEST_ID.get(), [])):
            stack.enter_context(scope)
        yield


def lasting(
    handler: Callable[..., Any], owner: Any, method: str, scope: Callable[[dict[str, Any]], Scope]
) -> Callable[..., Any]:
    """Wraps a handler, so that its decorator's last act comes after its stream.

    That act is the next call of `owner`'s `method` after the handler has returned. If the result is
    a stream, `scope` does it instead: it is given the arguments, entered before the first piece,
    and exited after the last. If the result is awaited, the scope is around that, too.
    """

    @wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        _end_overdue_scopes()
        result = handler(*args, **kwargs)
        if hasattr(result, "__await__"):
            how: dict[str, Any] = {}
            _hold_next(owner, method, lambda **given: how.update(given))
            return _awaited_in(lambda: scope(how), result)
        if streams(result):
            _hold_next(owner, method, lambda **given: leave(scope(given)))
        return result

    return wrapped


async def _awaited_in(scope: Callable[[], Scope], awaitable: Awaitable[Any]) -> Any:
    with ExitStack() as stack:
        stack.enter_context(scope())
        result = await awaitable
        if streams(result):
            leave(stack.pop_all())
    return result


def _hold_next(owner: Any, method: str, then: Callable[..., object]) -> None:
    """Has the next call of `owner`'s method go to `then` instead."""
    attributes = vars(owner)

    def held(**kwargs: Any) -> None:
        if attributes.get(method) is held:
            del attributes[method]
        then(**kwargs)

    attributes[method] = held


def _end_overdue_scopes() -> None:
    """Ends what belongs to earlier invocations.

    Their results were streams when the decorators saw them, and none was read: what stood around
    the decorators returned something else, or raised an exception.
    """
    for key in _LEFT.keys() - {REQUEST_ID.get()}:
        for scope in _LEFT.pop(key, []):
            with scope:
                pass
