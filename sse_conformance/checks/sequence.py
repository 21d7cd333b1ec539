"""Does what came after a reconnect go on exactly where the client was? Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sse_conformance.capture import Capture
from sse_conformance.checks.check import Verdict, failed, passed, skipped
from sse_conformance.checks.framing import shown
from sse_conformance.checks.states import Again, Item
from sse_conformance.identity import Identities
from sse_conformance.reading import Event

NOT_NAMED = (
    "nothing that followed the id came again: right for a stream of states, a loss in a stream of "
    "items; say which events are items (--event TYPE, 'message' if they have no type)"
)


@dataclass(frozen=True)
class Known:
    """A sequence of events that one connection received.

    replayed: the types that come again after an id, or None as long as nobody tried. Without
        --event, --key and publishing these are the items.
    opening_bytes: how much of the stream came at once when it began.
    """

    events: tuple[Event, ...]
    identities: Identities
    replayed: frozenset[str] | None = None
    opening_bytes: int = 0

    def items(self) -> list[tuple[int, Event]]:
        """Returns the items, each with its place in `events`."""
        return [(at, event) for at, event in enumerate(self.events) if self.is_item(event)]

    def is_item(self, event: Event) -> bool:
        """Whether a client may expect this event after a reconnect."""
        if not self.identities.is_item(event):
            return False
        if self.identities.are_named:
            return True
        return event.sets_id and (self.replayed is None or event.type in self.replayed)

    def may_be_item(self, event: Event) -> bool:
        """Whether this may be an item, though its id is not looked at."""
        if not self.identities.is_item(event):
            return False
        return self.identities.are_named or event.type in (self.replayed or ())

    def positions(self) -> list[int]:
        """Returns the places where a client has an id, and items before and after."""
        items = self.items()
        if len(items) < 2:
            return []
        places = range(items[0][0], items[-1][0])
        return [at for at in places if self.events[at].id]

    def after(self, place: int) -> list[Event]:
        """Returns the items after a place."""
        return [event for at, event in self.items() if at > place]


@dataclass(frozen=True)
class Resumed:
    """The verdict on one reconnect, and the types of events that came again."""

    verdict: Verdict
    replayed: frozenset[str] = field(default=frozenset())


def judge_resumed(
    known: Known, place: int, capture: Capture, fresh: Capture | None = None
) -> Resumed:
    """Compares a reconnect at `known.events[place].id` with what is known to follow.

    fresh: what a client without a position got just before, as long as it is not known which
        types of events are replayed.
    """
    position = f"the id {shown(known.events[place].id)}"
    if not capture.is_stream:
        return Resumed(failed(f"after {position}: {capture.outcome()}"))
    name = known.identities
    came = _items(capture.events, name)
    expected = _items(known.after(place), name)
    before = _items([each for at, each in known.items() if at <= place], name)
    again = frozenset(kind for kind, identity in expected if (kind, identity) in set(came))
    is_open = not name.are_named and known.replayed is None
    if is_open:
        again = _again(known, before, expected, came, fresh).replayed()
        came, before, expected = (
            [each for each in items if each[0] in again] for items in (came, before, expected)
        )
    doubled = _doubled(came, before, expected, known)
    if doubled:
        return Resumed(failed(f"after {position}: {doubled}"), again)
    if any(name.is_reset(event) for event in capture.events):
        return Resumed(passed("a reset says that the position is not known"), again)
    if not again and (is_open or not expected):
        return Resumed(skipped(NOT_NAMED))
    if not again:
        return Resumed(failed(f"after {position}: nothing of {_many(expected)} came"))
    return Resumed(_judge_order(came, expected, position), again)


def _items(events: Iterable[Event], name: Identities) -> list[Item]:
    return [(event.type, name.exact(event)) for event in events if name.is_item(event)]


def _again(
    known: Known, before: list[Item], expected: list[Item], came: list[Item], fresh: Capture | None
) -> Again:
    """Collects what tells a replay from states that every connection begins with."""
    name = known.identities
    both = {*before, *expected}
    late = [event for _, event in known.items() if event.ends_at > known.opening_bytes]
    return Again(
        before=before,
        expected=expected,
        came=frozenset(both & set(came)),
        fresh=frozenset(both & set(_items(fresh.events, name))) if fresh else frozenset(),
        flowed=frozenset(_items(late, name)),
    )


def _doubled(
    came: list[Item],
    before: list[Item],
    expected: list[Item],
    known: Known,
) -> str:
    """Returns which items came though the client has them, or came twice."""
    old = [each for each in came if each in set(before) and each not in set(expected)]
    # A greeting, or the state at the moment, may be one event that every connection begins with.
    is_greeting = not known.identities.are_named and len(set(old)) == 1 and old[0] != before[-1]
    if old and not is_greeting and (known.identities.are_named or len(before) > 1):
        return f"{shown(old[0][1])} came again, which the client had ({len(old)} such)"
    twice = [each for each, count in Counter(came).items() if count > 1 and each in set(expected)]
    once = Counter(expected)
    if any(once[each] == 1 for each in twice):
        return f"{shown(twice[0][1])} came twice"
    return ""


def _judge_order(came: list[Item], expected: list[Item], position: str) -> Verdict:
    wanted = set(expected)
    seen = [each for each in came if each in wanted]
    missing = [each for each in expected if each not in set(seen)]
    if missing:
        return failed(
            f"after {position}: {shown(missing[0][1])} is missing "
            f"({len(missing)} of {len(expected)})"
        )
    if seen != expected:
        return failed(f"after {position}: the items came in another order")
    return passed(f"{len(expected)} items came again after {position}")


def _many(items: list[Item]) -> str:
    return "the item" if len(items) == 1 else f"the {len(items)} items"


def judge_union(reference: list[str], received: list[str], published: list[str]) -> Verdict:
    """Compares the items of a client that reconnects with those of one that stays.

    published: what the kit published itself; without it, only the items between the first and the
        last that both have are compared.
    """
    if not published:
        shared = set(reference) & set(received)
        if len(shared) < 3:
            return skipped("the two clients have fewer than three items in common: --event")
        reference = _between(reference, shared)
        received = _between(received, shared)
    expected = published or reference
    doubled = [each for each, count in Counter(received).items() if count > 1]
    if doubled:
        return failed(f"{shown(doubled[0])} came twice ({len(doubled)} of {len(expected)} did)")
    missing = [each for each in expected if each not in set(received)]
    if missing:
        return failed(f"{shown(missing[0])} is missing ({len(missing)} of {len(expected)})")
    in_both = set(reference) & set(received)
    if [each for each in reference if each in in_both] != [
        each for each in received if each in in_both
    ]:
        return failed("the items came in another order than on a connection that stayed")
    return passed(f"{len(expected)} items, none missing, none twice")


def _between(items: list[str], shared: set[str]) -> list[str]:
    places = [at for at, item in enumerate(items) if item in shared]
    return items[places[0] : places[-1] + 1]
