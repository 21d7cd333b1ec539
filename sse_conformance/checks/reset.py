"""Is a client told that its position cannot be used, before it takes what comes for the rest?"""

from sse_conformance.capture import Capture
from sse_conformance.checks.check import HTML, SHOULD, Check, Verdict, failed, passed, skipped
from sse_conformance.checks.framing import shown
from sse_conformance.checks.resume import base_of, why_nothing
from sse_conformance.checks.sequence import Known
from sse_conformance.reading import Event
from sse_conformance.session import Session
from sse_conformance.wire import Stream

UNKNOWN = "kit-00000000-unknown"


def judge_reset(position: str, capture: Capture, known: Known, reset_event: str) -> Verdict:
    """Judges the first reset or item that came after an id that nobody gave out."""
    asked = f"after the id {shown(position)}"
    if not capture.is_stream:
        return failed(f"{asked}: {capture.outcome()}")
    for event in capture.events:
        if known.identities.is_reset(event):
            return passed("an id that nobody gave out gets a reset")
        if known.may_be_item(event):
            return failed(f"{asked} comes {shown(event.data)}, and no event {reset_event!r} before")
    return failed(f"{asked} comes no event {reset_event!r}")


def _forged(events: tuple[Event, ...]) -> list[str]:
    """Returns an id that begins as one that was given out, and is none."""
    given = [event.id for event in events if event.id.isascii() and event.id]
    return [f"{given[-1]}-kit"] if given else []


def _reset(session: Session) -> Verdict:
    base = base_of(session)
    if base.first is None or not base.first.replayed:
        return skipped(why_nothing(session, base))
    name = session.identities

    def is_told(stream: Stream) -> bool:
        return any(name.is_reset(event) for event in stream.events)

    # A server may read the beginning of an id, and is told to do otherwise only by a promise.
    forged = _forged(base.known.events) if session.options.reset_is_promised else []
    verdict = passed()
    for position in (UNKNOWN, *forged):
        capture = session.follow(last_event_id=position, stop=is_told)
        verdict = judge_reset(position, capture, base.known, session.options.reset_event)
        if verdict.result == "fail":
            return verdict
    return verdict


CHECKS = (
    Check(
        id="reset",
        title="A client whose position is not known is told so",
        rule="after an id that nobody gave out comes the reset event before any item: else the "
        "client takes what comes for what it missed",
        source=f"{HTML}#the-last-event-id-header",
        level=SHOULD,
        promised_by="--retention-reset-event",
        run=_reset,
        late=True,
    ),
)
