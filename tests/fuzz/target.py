"""A target is a function from bytes to nothing, which raises when an invariant breaks."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

Check = Callable[[bytes], None]
Make = Callable[[], AbstractContextManager[Check]]


class Target(NamedTuple):
    """`make` sets up what all cases share, and gives the check. `invariant`: for the page."""

    name: str
    invariant: str
    make: Make


class Registry(dict[str, Target]):
    def target(
        self, name: str, invariant: str
    ) -> Callable[[Callable[[], Iterator[Check]]], Callable[[], Iterator[Check]]]:
        """Registers a generator that yields the check, and cleans up after it."""
        from contextlib import contextmanager

        def register(make: Callable[[], Iterator[Check]]) -> Callable[[], Iterator[Check]]:
            self[name] = Target(name, invariant, contextmanager(make))
            return make

        return register
