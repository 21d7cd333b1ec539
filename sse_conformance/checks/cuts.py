"""Do the bytes mean the same however a network cuts them, and wherever it ends them?"""

from collections.abc import Callable

from event_stream import Decoder, EventTooLargeError

from sse_conformance.capture import Capture
from sse_conformance.checks.ahead import id_ahead
from sse_conformance.checks.check import HTML, MUST, Check, Verdict, failed, passed, skipped
from sse_conformance.reading import Event, Reading, read
from sse_conformance.session import Session

# Every cut decodes the bytes again, so the work grows with the square of these.
MOST_BYTES = 12_000
MOST_PAIR_BYTES = 600
_PAIRS = ((1, 1), (1, 2), (2, 1), (2, 3), (3, 1), (5, 2), (7, 4), (1, 7))
Triple = tuple[str, str, str]


def some_of(reading: Reading, most: int) -> bytes:
    """Returns whole blocks from the start, at most so many bytes (but one block at least)."""
    end = 0
    for block in reading.blocks:
        if block.ends_at is None or (end and block.ends_at > most):
            break
        end = block.ends_at
    return reading.body[:end]


def decoded(*pieces: bytes) -> list[Triple]:
    """Returns the events that the decoder of this project finds in pieces of one body."""
    decoder = Decoder()
    events: list[Triple] = []
    for piece in pieces:
        events += [(each.type, each.data, each.id) for each in decoder.feed(piece)]
    return events


def judge_cuts(reading: Reading) -> Verdict:
    """Cuts at every byte, then into pieces of every short pair of lengths."""
    body = some_of(reading, MOST_BYTES)
    whole = [_triple(event) for event in read(body).events]
    try:
        if decoded(body) != whole:
            return failed("two decoders that follow the standard find different events")
        for at in range(1, len(body)):
            if decoded(body[:at], body[at:]) != whole:
                return failed(f"cut at byte {at}, other events are found")
        for pair in _PAIRS:
            if decoded(*_pieces(body, pair)) != whole:
                return failed(f"in pieces of {pair[0]} and {pair[1]} bytes other events are found")
    except EventTooLargeError as error:
        return failed(str(error))
    return passed(f"{len(whole)} events, cut at each of {len(body)} bytes")


def _pieces(body: bytes, lengths: tuple[int, int]) -> list[bytes]:
    pieces = []
    at = turn = 0
    while at < len(body):
        pieces.append(body[at : at + lengths[turn]])
        at += lengths[turn]
        turn = 1 - turn
    return pieces


def judge_truncations(reading: Reading) -> Verdict:
    """Ends the bytes at every byte: what is dispatched must be a beginning of the whole.

    And the position that a client then has must not be ahead of what it received: an id that a
    block without data sets before its event loses that event.
    """
    body = some_of(reading, MOST_BYTES)
    whole = read(body)
    ahead = _id_ahead(whole)
    if ahead:
        return failed(ahead)
    expected = [_triple(event) for event in whole.events]
    decoder = Decoder()
    received: list[Triple] = []
    for at in range(len(body)):
        new = [(each.type, each.data, each.id) for each in decoder.feed(body[at : at + 1])]
        received += new
        if received != expected[: len(received)]:
            return failed(f"ended at byte {at + 1}, the stream has an event that the whole has not")
        if new and whole.events[len(received) - 1].ends_at > at + 2:
            return failed(f"ended at byte {at + 1}, half an event is dispatched")
    return passed(f"ended at each of {len(body)} bytes")


def _id_ahead(reading: Reading) -> str:
    """Returns what is wrong if an id stands alone in a block before its own event."""
    alone = ""
    for block in reading.blocks:
        ids = block.values(b"id")
        if not ids:
            continue
        last = ids[-1].decode("utf-8", "replace")
        if block.values(b"data"):
            if alone and last == alone:
                return f"the id {last!r} is set before its event: ended there, the event is lost"
            alone = ""
        else:
            alone = last
    return ""


def _triple(event: Event) -> Triple:
    return event.type, event.data, event.id


def _judged(session: Session, judge: Callable[[Reading], Verdict]) -> Verdict:
    capture: Capture = session.long.finish()
    if not capture.reading.events:
        return skipped("no event came")
    return judge(capture.reading)


def _truncation(session: Session) -> Verdict:
    verdict = _judged(session, judge_truncations)
    if verdict.result != "pass":
        return verdict
    ahead = id_ahead(session, session.long.finish().reading)
    return failed(ahead) if ahead else verdict


CHECKS = (
    Check(
        id="cuts",
        title="Cut anywhere, the bytes hold the same events",
        rule="networks cut where they like; no cut may change, add or lose an event",
        source=f"{HTML}#parsing-an-event-stream",
        level=MUST,
        run=lambda session: _judged(session, judge_cuts),
        late=True,
    ),
    Check(
        id="truncation",
        title="Ended anywhere, no half event and no position ahead of the events",
        rule="an id counts from its block's end on, so it must stand in its event's block",
        source=f"{HTML}#event-stream-interpretation",
        level=MUST,
        run=_truncation,
        late=True,
    ),
)
