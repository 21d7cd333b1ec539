"""What do decorators of a handler leave to the end of its stream?

A decorator ends when the handler returns. What it must do after the last piece waits here, in the
order in which the decorators ended, and is done by the scope that the stream is read in.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from streaming_runtime.context import REQUEST_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    Scope = AbstractContextManager[Any]

_LEFT: dict[str | None, list[Scope]] = {}  # by request id


def leave(scope: Scope) -> None:
    """Has `scope` entered before the first piece of this invocation's body is asked for."""
    _LEFT.setdefault(REQUEST_ID.get(), []).append(scope)


def overdue() -> list[Scope]:
    """Takes what belongs to earlier invocations.

    Their results were streams when the decorators saw them, and none was read: what stood around
    the decorators returned something else, or raised an exception.
    """
    return [scope for key in _LEFT.keys() - {REQUEST_ID.get()} for scope in _LEFT.pop(key)]


@contextmanager
def stream_scope() -> Iterator[None]:
    """The scope of one stream: enters what was left for it, the outermost decorator's first."""
    with ExitStack() as stack:
        for scope in reversed(_LEFT.pop(REQUEST_ID.get(), [])):
            stack.enter_context(scope)
        yield


def hold_next(owner: Any, method: str, then: Callable[..., object]) -> Callable[[], object]:
    """Has the next call of `owner`'s method go to `then` instead.

    Returns a function that takes this back.
    """
    attributes = vars(owner)

    def undo() -> None:
        if attributes.get(method) is held:
            del attributes[method]

    def held(*args: Any, **kwargs: Any) -> None:
        undo()
        then(*args, **kwargs)

    attributes[method] = held
    return undo
