"""How does a decorator's last act come after the stream, and not when the handler returns?

Decorators of Powertools end with one call, such as that which writes all figures. If something of
the handler's result is still to come, that one call is put off until the body's end.
"""

from __future__ import annotations

from functools import wraps

from streaming_runtime.adaptations.streams import streams
from streaming_runtime.scopes import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Act = Callable[[BaseException | None, dict[str, Any]], object]


def lasting(handler: Callable[..., Any], owner: Any, method: str, act: Act) -> Callable[..., Any]:
    """Wraps a handler, so that its decorator's last act comes after its stream.

    That act is the next call of `owner`'s `method` after the handler has returned. If the result is
    a stream, or is awaited, `act` does it at the end. It gets the exception that ended the body, or
    None, and the keyword arguments of the call.
    """

    @wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = handler(*args, **kwargs)
        if streams(result) or hasattr(result, "__await__"):
            put_off(owner, method, act)
        return result

    return wrapped


def put_off(owner: Any, method: str, act: Act) -> None:
    """Has `act` do the next call of `owner`'s method when the body of this invocation has ended."""
    attributes = vars(owner)

    def held(**kwargs: Any) -> None:
        if attributes.get(method) is held:
            attributes.pop(method, None)
        at_end(lambda error: act(error, kwargs))

    attributes[method] = held
