"""Can a client say where it was, and when to come back?"""

import re
from collections import Counter
from collections.abc import Sequence

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    HTML,
    RFC9110,
    SHOULD,
    Check,
    Verdict,
    failed,
    first_fault,
    passed,
    skipped,
)
from sse_conformance.checks.framing import shown
from sse_conformance.identity import Identities
from sse_conformance.reading import Event
from sse_conformance.session import Session

LONGEST_RETRY_MS = 60_000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def judge_present(capture: Capture, identities: Identities) -> Verdict:
    """Counts the events that set an id; if the user said which are items, these alone."""
    events: Sequence[Event] = capture.events
    if identities.are_named:
        events = [event for event in events if identities.is_item(event)]
    if not events:
        return skipped("no event came")
    without = [event for event in events if not event.sets_id]
    if not without:
        return passed(f"{len(events)} events")
    return failed(
        f"{len(without)} of {len(events)} events set no id, the first is {shown(without[0].data)}"
    )


def judge_unique(capture: Capture) -> Verdict:
    """Two events with one id: a client that resumes there misses the second, or gets it twice."""
    seen: dict[str, tuple[str, str]] = {}
    setting = [event for event in capture.events if event.sets_id and event.id]
    if not setting:
        return skipped("no event sets an id")
    for event in setting:
        other = seen.setdefault(event.id, (event.type, event.data))
        if other != (event.type, event.data):
            return failed(f"two different events have the id {shown(event.id)}")
    return passed(f"{len(seen)} ids")


def judge_sendable(capture: Capture) -> Verdict:
    """An id comes back as the value of a header, whose ends are stripped."""
    setting = [event for event in capture.events if event.sets_id]
    if not setting:
        return skipped("no event sets an id")
    faults = []
    for event in setting:
        if _CONTROLS.search(event.id) or event.id != event.id.strip(" \t"):
            faults.append(f"the id {shown(event.id)} changes as the value of a header")
        elif not event.id.isascii():
            faults.append(f"the id {shown(event.id)} is not ASCII")
        elif len(event.id) > 4096:
            faults.append(f"an id has {len(event.id)} bytes")
    return first_fault(faults)


def judge_stable(one: Capture, other: Capture, identities: Identities) -> Verdict:
    """Compares the ids of what both streams received.

    Only items whose identity is unique in each of the streams are compared; without --event and
    --key that is the whole data.
    """
    ids = _ids_of_unique(one, identities)
    others = _ids_of_unique(other, identities)
    both = ids.keys() & others.keys()
    if not both:
        return skipped("the two streams have no event with an id in common")
    faults = [
        f"{shown(key[1])} has the ids {shown(ids[key])} and {shown(others[key])} on two streams"
        for key in sorted(both)
        if ids[key] != others[key]
    ]
    return first_fault(faults, f"{len(both)} events")


def _ids_of_unique(capture: Capture, identities: Identities) -> dict[tuple[str, str], str]:
    items = [event for event in capture.events if identities.is_item(event)]
    counted = Counter((event.type, identities.of(event)) for event in items)
    return {
        (event.type, identities.of(event)): event.id
        for event in items
        if event.sets_id and counted[event.type, identities.of(event)] == 1
    }


def judge_retry(capture: Capture) -> Verdict:
    """Without it each client has a default of its own: 3 s, 5 s, or none."""
    retries = capture.reading.retries_ms
    if not retries:
        return failed("no retry came")
    faults = [
        f"retry is {each} ms, outside 1 to {LONGEST_RETRY_MS}"
        for each in retries
        if not 0 < each <= LONGEST_RETRY_MS
    ]
    return first_fault(faults, f"{retries[0]} ms")


def judge_retry_varies(captures: list[Capture]) -> Verdict:
    """The same time for all brings all clients of a crashed server back in one moment."""
    first = [each.reading.retries_ms[0] for each in captures if each.reading.retries_ms]
    if len(first) < 2:
        return skipped("retry did not come on two connections")
    if len(set(first)) > 1:
        return passed(f"{min(first)} to {max(first)} ms on {len(first)} connections")
    return failed(f"{first[0]} ms on each of {len(first)} connections")


def _both(session: Session) -> tuple[Capture, Capture]:
    session.long.wait(
        session.options.window_s,
        lambda: bool(session.long.so_far().events and session.long.neighbour_so_far().events),
    )
    return session.long.so_far(), session.long.neighbour_so_far()


def _retry(session: Session) -> Verdict:
    session.long.wait(
        session.options.window_s, lambda: bool(session.long.so_far().reading.retries_ms)
    )
    return judge_retry(session.long.so_far())


def _retry_varies(session: Session) -> Verdict:
    captures = list(_both(session))
    if not captures[0].reading.retries_ms:
        return skipped("no retry came")
    more = [session.follow(stop=lambda stream: bool(stream.events)) for _ in range(2)]
    return judge_retry_varies([*captures, *more])


CHECKS = (
    Check(
        id="ids-present",
        title="Every event has an id",
        rule="a client can only resume after an event that set an id",
        source=f"{HTML}#last-event-id",
        level=SHOULD,
        run=lambda session: judge_present(session.long.finish(), session.identities),
        late=True,
    ),
    Check(
        id="ids-unique",
        title="No two events share an id",
        rule="an id names one position in the stream",
        source=f"{HTML}#last-event-id",
        level=SHOULD,
        run=lambda session: judge_unique(session.long.finish()),
        late=True,
    ),
    Check(
        id="ids-sendable",
        title="Every id survives as the value of a header",
        rule="it is ASCII without control characters and without spaces at its ends",
        source=f"{RFC9110}#section-5.5",
        level=SHOULD,
        run=lambda session: judge_sendable(session.long.finish()),
        late=True,
    ),
    Check(
        id="ids-stable",
        title="An event has the same id on every connection",
        rule="a client may come back through another connection, to another process",
        source=f"{HTML}#last-event-id",
        level=SHOULD,
        promised_by="--event",
        run=lambda session: judge_stable(
            session.long.finish(), session.long.neighbour_so_far(), session.identities
        ),
        late=True,
    ),
    Check(
        id="retry",
        title="The stream says when to come back",
        rule=f"retry comes, and is 1 to {LONGEST_RETRY_MS} ms",
        source=f"{HTML}#concept-event-stream-reconnection-time",
        level=SHOULD,
        run=_retry,
    ),
    Check(
        id="retry-varies",
        title="Not all clients come back in one moment",
        rule="the first retry differs between connections",
        source=f"{HTML}#authoring-notes",
        level=SHOULD,
        run=_retry_varies,
    ),
)
