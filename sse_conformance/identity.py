"""Which events are items, and when are two events the same item?"""

import json
import re
from collections.abc import Iterable
from typing import Protocol

from sse_conformance.options import Options

# The kit publishes such texts; wherever one stands in an event's data, it is that item.
TOKEN = re.compile(r"kit-[0-9a-f]{8}-[0-9]+")


class HasData(Protocol):
    """An event, whether it was decoded live or read from a capture."""

    @property
    def type(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def id(self) -> str: ...


class Identities:
    """Knows items as the user describes them: by --event, and by --key or their whole data."""

    def __init__(self, options: Options) -> None:
        self._types = frozenset(options.events)
        self._key = options.key
        self._reset = options.reset_event
        self._tokens_alone = options.emits and not (options.events or options.key)

    @property
    def are_named(self) -> bool:
        """Whether the user said which events are items."""
        return bool(self._types or self._key or self._tokens_alone)

    def is_item(self, event: HasData) -> bool:
        """Whether this may be an item: of a named type, with the key if there is one."""
        if event.type == self._reset:
            return False
        if self._types and event.type not in self._types:
            return False
        if self._tokens_alone:
            return bool(TOKEN.search(event.data))
        return not self._key or self._field(event) is not None

    def is_reset(self, event: HasData) -> bool:
        """Whether this event says that the client's position cannot be used."""
        return event.type == self._reset

    def of(self, event: HasData) -> str:
        """Returns the item's identity."""
        token = TOKEN.search(event.data)
        if token:
            return token[0]
        value = self._field(event) if self._key else None
        return event.data if value is None else value

    def exact(self, event: HasData) -> str:
        """Returns an identity that states do not share which come again and again.

        Without --event, --key and publishing, the id belongs to it.
        """
        return self.of(event) if self.are_named else f"{event.data} (id {event.id})"

    def items(self, events: Iterable[HasData]) -> list[HasData]:
        """Returns the items among the events, in order."""
        return [event for event in events if self.is_item(event)]

    def identities(self, events: Iterable[HasData]) -> list[str]:
        """Returns the identities of the items among the events, in order."""
        return [self.of(event) for event in events if self.is_item(event)]

    def _field(self, event: HasData) -> str | None:
        try:
            value = json.loads(event.data)[self._key]
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            return None
        return value if isinstance(value, str) else json.dumps(value)
