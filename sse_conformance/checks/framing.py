"""Are chunks, lines and blocks framed so that every client reads the same events?"""

from sse_conformance.capture import COMPLETE, CUT, Capture
from sse_conformance.checks.check import (
    HTML,
    MUST,
    RFC9112,
    SHOULD,
    Check,
    Verdict,
    failed,
    first_fault,
    passed,
    skipped,
)
from sse_conformance.reading import BOM, FIELDS, Block, Reading
from sse_conformance.session import Session

_SHOWN_BYTES = 60
FETCH_EVENT_SOURCE = "https://github.com/Azure/fetch-event-source"


def shown(value: bytes | str) -> str:
    """Returns text for evidence: escaped, and cut."""
    text = repr(value)
    return text if len(text) <= _SHOWN_BYTES else text[:_SHOWN_BYTES] + "..."


def judge_chunks(capture: Capture) -> Verdict:
    """Judges the chunked coding as far as it came."""
    faults = [each for each in capture.faults if "chunk" in each]
    if capture.framing != "chunked" and not faults:
        return passed(f"the body is not chunked: framed by {capture.framing}")
    return first_fault(faults)


def judge_clean_end(capture: Capture) -> Verdict:
    """Judges a stream that the server ended by itself."""
    if capture.ended == CUT:
        return failed(f"after {capture.lasted_s:.1f} s, inside of the response: {capture.error}")
    if capture.ended == COMPLETE:
        return passed(f"ended after {capture.lasted_s:.1f} s, framed by {capture.framing}")
    return skipped(f"the server did not end the stream within {capture.lasted_s:.0f} s: --rotation")


def judge_utf8(reading: Reading) -> Verdict:
    """Only the last line may end inside of a character, where the kit left."""
    body = reading.body
    end = max(body.rfind(b"\n"), body.rfind(b"\r")) + 1
    try:
        body[:end].decode("utf-8")
    except UnicodeDecodeError as error:
        around = body[max(0, error.start - 10) : error.end + 10]
        return failed(f"at byte {error.start}: {shown(around)}")
    return passed(f"{len(body)} bytes")


def judge_nul(reading: Reading) -> Verdict:
    """An id with a NUL is ignored; other NULs show that something else got into the stream."""
    at = reading.body.find(b"\0")
    return failed(f"at byte {at}: {_line_around(reading.body, at)}") if at >= 0 else passed()


def judge_bom(reading: Reading) -> Verdict:
    """One BOM at the very start is dropped. Any other becomes a part of a field's name."""
    for block in reading.blocks:
        for line in block.lines:
            if line.startswith(BOM):
                return failed(f"a line begins with a BOM, and is lost: {shown(line)}")
    return passed("one at the start, which clients drop" if reading.starts_with_bom else "")


def judge_fields(reading: Reading) -> Verdict:
    """Names are case-sensitive, and a space before the colon belongs to the name."""
    faults = [
        f"clients ignore the line {shown(line)}"
        for line, name in _whole_lines(reading)
        if name not in FIELDS and not name.startswith(BOM)
    ]
    return first_fault(faults)


def judge_bare_cr(reading: Reading) -> Verdict:
    """A lone CR ends a line, too: in a stream of other line ends it came with the data."""
    kinds = reading.line_ends
    if b"\r" not in kinds or len(kinds) == 1:
        names = {b"\n": "LF", b"\r": "CR", b"\r\n": "CRLF"}
        return passed("lines end in " + " and ".join(sorted(names[kind] for kind in kinds)))
    at = _bare_cr(reading.body)
    return failed(f"a lone CR splits a line: {_line_around(reading.body, at)}")


def judge_retry_digits(reading: Reading) -> Verdict:
    """Clients ignore any other value."""
    faults = [
        f"retry is {shown(value)}"
        for block in reading.blocks
        if block.ends_at is not None
        for value in block.values(b"retry")
        if not (value.isdigit() and value.isascii())
    ]
    return first_fault(faults)


def judge_ids_nul(reading: Reading) -> Verdict:
    """The client's position silently stays where it was."""
    faults = [
        f"id is {shown(value)}"
        for block in reading.blocks
        for value in block.values(b"id")
        if b"\0" in value
    ]
    return first_fault(faults)


def judge_event_without_data(reading: Reading) -> Verdict:
    """A block with a type and no data is never dispatched."""
    faults = [
        f"a block has an event type and no data: {shown(b' | '.join(block.lines))}"
        for block in reading.blocks
        if block.ends_at is not None and block.values(b"event") and not block.values(b"data")
    ]
    return first_fault(faults)


def judge_empty_messages(reading: Reading) -> Verdict:
    """Some clients make a message of every empty line."""
    faults = []
    for block in reading.blocks:
        if block.ends_at is None or block.values(b"data") or block.values(b"id"):
            continue
        if not block.lines:
            faults.append(f"an empty line closes nothing, at byte {block.starts_at}")
        elif block.values(b"retry"):
            faults.append("retry stands in a block of its own")
        elif not block.fields:
            comment = shown(block.lines[0])
            faults.append(f"an empty line after a comment closes nothing: {comment}")
    return first_fault(faults)


def judge_whole_at_end(capture: Capture) -> Verdict:
    """A block without its empty line is dropped by clients."""
    if capture.ended != COMPLETE:
        return skipped("the server did not end a stream by itself while the kit listened")
    last = capture.reading.blocks[-1] if capture.reading.blocks else Block()
    # A retry counts as soon as its line has come, so it may stand there alone.
    if last.ends_at is None and any(name != b"retry" for name, _ in last.fields):
        return failed(f"the stream ends inside of an event: {shown(last.lines[-1])}")
    return passed()


def _whole_lines(reading: Reading) -> list[tuple[bytes, bytes]]:
    """Returns each line that is no comment with its name, without one that is under way."""
    found = []
    for block in reading.blocks:
        lines = block.lines if block.ends_at is not None else block.lines[:-1]
        found += [(line, line.partition(b":")[0]) for line in lines if not line.startswith(b":")]
    return found


def _bare_cr(body: bytes) -> int:
    at = body.find(b"\r")
    while body[at + 1 : at + 2] == b"\n":
        at = body.find(b"\r", at + 1)
    return at


def _line_around(body: bytes, at: int) -> str:
    return shown(body[max(0, at - 20) : at + 20])


def _ended_capture(session: Session) -> Capture:
    """Returns a capture that ended by itself if there is one, else the longest."""
    ended = session.long.neighbour_so_far()
    longest = session.long.finish()
    return ended if ended.ended in (COMPLETE, CUT) and longest.ended != CUT else longest


def _reading(session: Session) -> Reading:
    return session.long.finish().reading


CHECKS = (
    Check(
        id="chunks",
        title="The chunks are legal",
        rule="each chunk has its size in hexadecimal digits and ends in CRLF",
        source=f"{RFC9112}#section-7.1",
        level=MUST,
        run=lambda session: judge_chunks(session.long.finish()),
        late=True,
    ),
    Check(
        id="clean-end",
        title="A stream that ends is ended by its last chunk",
        rule="a body without its last chunk is incomplete, and clients may raise an error",
        source=f"{RFC9112}#section-8",
        level=MUST,
        run=lambda session: judge_clean_end(_ended_capture(session)),
        late=True,
    ),
    Check(
        id="utf-8",
        title="The stream is valid UTF-8",
        rule="other bytes become U+FFFD at the client",
        source=f"{HTML}#parsing-an-event-stream",
        level=MUST,
        run=lambda session: judge_utf8(_reading(session)),
        late=True,
    ),
    Check(
        id="nul",
        title="No NUL is in the stream",
        rule="clients ignore an id with a NUL; elsewhere it shows that no text was sent",
        source=f"{HTML}#event-stream-interpretation",
        level=MUST,
        run=lambda session: judge_nul(_reading(session)),
        late=True,
    ),
    Check(
        id="bom",
        title="A BOM is nowhere but at the start",
        rule="one leading BOM is dropped; any other one becomes a part of a field's name",
        source=f"{HTML}#parsing-an-event-stream",
        level=MUST,
        run=lambda session: judge_bom(_reading(session)),
        late=True,
    ),
    Check(
        id="fields",
        title="All fields are known",
        rule="names are data, event, id and retry, in small letters; clients ignore others",
        source=f"{HTML}#event-stream-interpretation",
        level=SHOULD,
        run=lambda session: judge_fields(_reading(session)),
        late=True,
    ),
    Check(
        id="line-ends",
        title="No lone CR splits a line",
        rule="CR, LF and CRLF end a line each; a CR among others was data that was not split",
        source=f"{HTML}#parsing-an-event-stream",
        level=MUST,
        run=lambda session: judge_bare_cr(_reading(session)),
        late=True,
    ),
    Check(
        id="retry-digits",
        title="retry holds digits alone",
        rule="a value with any other character is ignored",
        source=f"{HTML}#event-stream-interpretation",
        level=MUST,
        run=lambda session: judge_retry_digits(_reading(session)),
        late=True,
    ),
    Check(
        id="ids-nul",
        title="No id holds a NUL",
        rule="such an id is ignored, and the client's position stays where it was",
        source=f"{HTML}#event-stream-interpretation",
        level=MUST,
        run=lambda session: judge_ids_nul(_reading(session)),
        late=True,
    ),
    Check(
        id="event-without-data",
        title="Every event type has data",
        rule="a block without a data line is never dispatched",
        source=f"{HTML}#event-stream-interpretation",
        level=MUST,
        run=lambda session: judge_event_without_data(_reading(session)),
        late=True,
    ),
    Check(
        id="empty-messages",
        title="No empty line closes a block without data or id",
        rule="some clients deliver a lone retry, comment or empty line as an empty message",
        source=FETCH_EVENT_SOURCE,
        level=SHOULD,
        run=lambda session: judge_empty_messages(_reading(session)),
        late=True,
    ),
    Check(
        id="whole-at-end",
        title="A stream ends with a whole event",
        rule="a block without its empty line is dropped at the end of the stream",
        source=f"{HTML}#event-stream-interpretation",
        level=MUST,
        run=lambda session: judge_whole_at_end(_ended_capture(session)),
        late=True,
    ),
)
