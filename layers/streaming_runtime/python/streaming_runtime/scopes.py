"""What surrounds the reading of a body, from before its first piece to after its closing?

A decorator of a handler ends when the handler returns, which is before the stream begins. What must
live as long as the stream does is a scope here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any

    Scope = AbstractContextManager[Any]

# Each is called for each body, and gives the context manager that is entered for it.
STREAM_SCOPES: list[Callable[[], Scope]] = []


class StreamScopes:
    """A context manager: enters all STREAM_SCOPES in their order, and exits them in reverse.

    Each is handed the exception that ended the body, and none can swallow it. What a scope raises
    itself comes out as the body's own error would; the others are exited all the same. A body that
    `is_whole` was made while the handler ran, and has none.
    """

    def __init__(self, is_whole: bool) -> None:
        self._scopes = STREAM_SCOPES
        if is_whole:
            self._scopes = []
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
        if own is not None and error is None:
            raise own
