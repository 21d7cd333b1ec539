"""What does the client of a front get, and how did the invocation end?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lambda_streaming.testing.events import Event, EventReader


class ResponseRefused(ValueError):
    """Lambda or the front cannot use what the function returned, and says so to the client."""


class Headers(Mapping[str, str]):
    """Headers by name, in any case. Repeated values are joined by a comma."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = list(pairs)

    def all(self, name: str) -> list[str]:
        """Returns all values of one header; none if there is no such header."""
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self.pairs))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.pairs})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        theirs = {str(name).lower(): value for name, value in other.items()}
        return {name: self[name] for name in self} == theirs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self.pairs!r})"


@dataclass
class Reply:
    """A response as the client of a front gets it, and the end of its invocation.

    `status` is None where no front is between the function and who calls it. `cookies` are the
    values of `Set-Cookie`. `pieces` are those of a stream, as the runtime sent them; any other
    response is one piece. `times_s` says when each came, seconds after the invocation began.
    `streamed`: whether they left the function one by one.

    `error` is the exception that ended the invocation or its body, `error_type` what Lambda is told
    of it (such as `Function.ValueError` or `Runtime.DeadlineExceeded`), and `started` whether the
    client had got a part of the response by then. `late_errors` are those of work that was left for
    after the response. `log` is what the runtime itself logged.
    """

    status: int | None = None
    headers: Headers = field(default_factory=Headers)
    cookies: list[str] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    streamed: bool = False
    error: BaseException | None = None
    error_type: str = ""
    started: bool = False
    late_errors: list[BaseException] = field(default_factory=list)
    log: str = ""

    @property
    def ended_well(self) -> bool:
        """Whether the client got all of the response that the function meant."""
        return self.error is None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def text(self) -> str:
        """Returns the body in the charset of its type, which is UTF-8 if that names none."""
        _, _, charset = self.headers.get("content-type", "").lower().partition("charset=")
        name = charset.partition(";")[0].strip(' "') or "utf-8"
        return self.body.decode(name)

    def json(self) -> Any:
        """Returns the body, which is JSON. Raises ValueError if it is none."""
        return json.loads(self.body)

    @property
    def events(self) -> list[Event]:
        """Returns the Server-Sent Events of the body. One without its blank line is none."""
        return self._read_events()[1]

    @property
    def comments(self) -> list[str]:
        """Returns the comments of an event stream, such as heartbeats."""
        return self._read_events()[0].comments

    @property
    def retry_ms(self) -> int | None:
        """Returns the last reconnection time that an event stream sets."""
        return self._read_events()[0].retry_ms

    def _read_events(self) -> tuple[EventReader, list[Event]]:
        reader = EventReader()
        events: list[Event] = []
        for piece, at_s in zip(self.pieces, self.times_s, strict=True):
            events += reader.feed(piece, at_s)
        return reader, events

    def raise_errors(self) -> Reply:
        """Raises the error that ended the invocation or its body, or a late one. Returns itself."""
        for error in (self.error, *self.late_errors):
            if error is not None:
                raise error
        return self

    def __repr__(self) -> str:
        size = sum(map(len, self.pieces))
        shown = f"status={self.status}, pieces={len(self.pieces)}, bytes={size}"
        if self.error is not None:
            shown += f", error={self.error!r}"
        if self.late_errors:
            shown += f", late_errors={self.late_errors!r}"
        return f"<Reply {shown}>"
