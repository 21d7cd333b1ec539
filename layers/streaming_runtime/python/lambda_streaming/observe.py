"""Hooks for whoever watches functions: around a stream, and at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from streaming_runtime.scopes import STREAM_SCOPES, at_end

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

__all__ = ["around_stream", "at_end"]

Scope = TypeVar("Scope", bound="Callable[[], AbstractContextManager[object]]")


def around_stream(scope: Scope) -> Scope:
    """Has `scope` called for each stream of this process, and its context manager entered for it.

    That is before the first piece is asked for; it is exited after the body is closed, and before
    Lambda gets the end of the response. It sees the exception that ended the body, and cannot
    swallow it. Returns `scope`, so that it can stand above a function with `@contextmanager`.
    """
    STREAM_SCOPES.append(scope)
    return scope
