"""Does an id that stands in a block of its own belong to the event before it, or to the next one?

After its event it is a position that is never ahead. Before its event it loses that event for a
client that is cut off in between. The bytes are the same; a reconnect shows which it is.
"""

from collections.abc import Sequence

from sse_conformance.capture import Capture
from sse_conformance.reading import Event, Reading
from sse_conformance.session import Session

_SEVERAL = 3
Said = tuple[str, str]


def lone_ids(reading: Reading) -> list[tuple[str, int]]:
    """Returns each id right before an event, with the event's place.

    Returns nothing if an event sets an id itself, or if one stands without an id before it.
    """
    found: list[tuple[str, int]] = []
    place = 0
    last = ""
    for block in reading.blocks:
        ids = block.values(b"id")
        if block.ends_at is None:
            break
        if not block.values(b"data"):
            last = ids[-1].decode("utf-8", "replace") if ids else last
            continue
        if ids or not last:
            return []
        found.append((last, place))
        place += 1
        last = ""
    return found


def is_ahead(events: Sequence[Event], place: int, came: Capture, fresh: Capture) -> bool:
    """Whether the id before `events[place]` brings all that follows that event, but not itself.

    fresh: what a client without a position got just before; states come without one, too.
    """
    said = [_said(event) for event in events]
    after = said[place + 1 :]
    if len(after) < _SEVERAL or len(set(said)) < len(said):
        return False
    got = [each for each in map(_said, came.events) if each in set(said)]
    without = set(map(_said, fresh.events))
    return got == after and (not set(after) <= without or said[place] in without)


def _said(event: Event) -> Said:
    return event.type, event.data


def id_ahead(session: Session, reading: Reading) -> str:
    """Comes back with an id that stood alone before an event. Returns what is wrong, or ""."""
    alone = lone_ids(reading)
    if len(alone) <= _SEVERAL:
        return ""
    position, place = alone[-_SEVERAL - 1]
    fresh = session.follow()
    came = session.follow(last_event_id=position)
    if is_ahead(reading.events, place, came, fresh):
        return f"the id {position!r} is set before its event: ended there, the event is lost"
    return ""
