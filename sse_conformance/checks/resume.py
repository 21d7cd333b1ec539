"""Does a client that comes back get what it missed, and nothing twice?"""

from dataclasses import replace
from typing import cast

from sse_conformance.capture import Capture
from sse_conformance.checks.check import (
    HTML,
    MUST,
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
from sse_conformance.checks.sequence import Known, Resumed, judge_resumed
from sse_conformance.session import MOMENT_S, Session, as_query, has_begun
from sse_conformance.wire import Stream

MOST_ITEMS = 14
MOST_RECONNECTS = MOST_ITEMS
_IDS_IN_VAIN = "no id with items before and after it came while the kit listened"
_TOKENS = 4


class Base:
    """The sequence that is known before a reconnect, and the first reconnect."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.known = self._known(session)
        self.places = latest(self.known)
        self.first: Resumed | None = None
        if self.places:
            self.place = self._first_place()
            self.first = self._first_reconnect()
            if self.first.replayed:
                self.known = replace(self.known, replayed=self.first.replayed)
                self.places = latest(self.known)

    def _first_place(self) -> int:
        # Not the first place if there are others: a stream that begins anew shows then. But two
        # items must follow, which are no single state.
        second = self.places[min(1, len(self.places) - 1)]
        return second if len(self.known.after(second)) > 1 else self.places[0]

    def _first_reconnect(self) -> Resumed:
        if self.session.identities.are_named:
            return self.resume(self.place)
        fresh = self.session.follow()
        return judge_resumed(self.known, self.place, self.capture(self.place), fresh)

    @staticmethod
    def _known(session: Session) -> Known:
        capture = Base._gather(session)
        start_s = capture.reads[0][0] if capture.reads else 0.0
        moment_s = min(MOMENT_S, session.options.window_s / 3)
        opening = [length for at, length in capture.reads if at <= start_s + moment_s]
        return Known(
            capture.events, session.identities, opening_bytes=opening[-1] if opening else 0
        )

    @staticmethod
    def _gather(session: Session) -> Capture:
        long = session.long
        if not session.options.emits:
            return long.finish()
        name = session.identities
        with session.open_patiently(
            session.request(asked="GET before items are published")
        ) as stream:
            stream.read(session.options.timeout_s, stop=has_begun)
            tokens = set(session.publish(_TOKENS))
            stream.read(
                session.options.timeout_s,
                stop=lambda each: tokens <= set(name.identities(each.events)),
            )
            return stream.seen()

    def resume(self, place: int, *, query: str = "", header: bool = True) -> Resumed:
        """Comes back at a place of the sequence, and judges what follows."""
        return judge_resumed(self.known, place, self.capture(place, query=query, header=header))

    def capture(self, place: int, *, query: str = "", header: bool = True) -> Capture:
        """Comes back at a place of the sequence."""
        name = self.session.identities
        wanted = [name.of(event) for event in self.known.after(place)]

        def has_all(stream: Stream) -> bool:
            return bool(wanted) and set(wanted) <= set(name.identities(stream.events))

        position = self.known.events[place].id if header else None
        return self.session.follow(last_event_id=position, query=query, stop=has_all)


def latest(known: Known) -> list[int]:
    """Returns the places after which a server may be expected to replay everything."""
    items = [at for at, _ in known.items()]
    first = items[-MOST_ITEMS:][0] if items else 0
    return [at for at in known.positions() if at >= first]


def oldest(known: Known) -> list[int]:
    """Returns the first place with an id of an item's type: there a server's memory may end."""
    types = {event.type for _, event in known.items()}
    places = (at for at, event in enumerate(known.events) if event.sets_id and event.id)
    return [at for at in places if known.events[at].type in types][:1]


def base_of(session: Session) -> Base:
    """Returns the known sequence; it is gathered once."""
    return cast("Base", session.shared("base", lambda: Base(session)))


def _header(session: Session) -> Verdict:
    base = base_of(session)
    return base.first.verdict if base.first else skipped(_why_not(session))


def _why_not(session: Session) -> str:
    if not session.can_follow_ids:
        return "no event sets an id"
    return _IDS_IN_VAIN + ("" if session.options.emits else ": --emit-url")


def why_nothing(session: Session, base: Base) -> str:
    """Says why a check that needs items which come again is skipped."""
    return _why_not(session) if base.first is None else "nothing is replayed"


def _every_id(session: Session) -> Verdict:
    """Comes back after every place where a cut could have left the client."""
    base = base_of(session)
    if base.first is None or not base.first.replayed:
        return skipped(why_nothing(session, base))
    places = base.places[:: max(1, -(-len(base.places) // MOST_RECONNECTS))]
    places = sorted({*places, *oldest(base.known)})
    for place in places:
        verdict = base.resume(place).verdict
        if verdict.result != "pass":
            return verdict
    return passed(f"{len(places)} reconnects, each with exactly what was missed")


def _query(session: Session) -> Verdict:
    base = base_of(session)
    if base.first is None or not base.first.replayed:
        return skipped(why_nothing(session, base))
    faults = []
    for name in ("last_event_id", "lastEventId"):
        query = as_query(name, base.known.events[base.place].id)
        resumed = base.resume(base.place, query=query, header=False)
        if not (resumed.replayed and resumed.verdict.result == "pass"):
            why = resumed.verdict.evidence if resumed.verdict.result == "fail" else "is ignored"
            faults.append(f"?{name}= {why}")
    return first_fault(faults)


def _precedence(session: Session) -> Verdict:
    base = base_of(session)
    if base.first is None or not base.first.replayed or len(base.places) < 2:
        return skipped(why_nothing(session, base))
    earlier, later = base.places[0], base.places[-1]
    position = base.known.events[earlier].id
    names = ("last_event_id", "lastEventId")
    query = "&".join(as_query(name, position) for name in names)
    resumed = base.resume(later, query=query)
    if resumed.verdict.result == "fail":
        return failed(f"with an older id in the query: {resumed.verdict.evidence}")
    return passed()


# --- ids that nobody gave out

ODD = {
    "unknown": "kit-00000000-unknown",
    "a number": "1",
    "a negative number": "-1",
    "a huge number": "9" * 60,
    "null": "null",
    "JSON": '{"id":[1,{}]}',
    "a path": "../../etc/passwd%00",
    "a query": "' OR 1=1; --",
    "spaces": "a b  c",
    "UTF-8": "é\u2028\U0001f600",
    "4 KB": "x" * 4096,
}
BINARY = {"binary": bytes(range(0x80, 0x100)), "not UTF-8": b"\xc3\x28\xff"}


def forged(ids: list[str]) -> dict[str, str]:
    """Returns ids made from one that the server gave out."""
    if not ids:
        return {}
    real = ids[-1]
    last = "A" if real[-1:] != "A" else "B"
    return {
        "one with another last letter": real[:-1] + last,
        "one with more at its end": real + "0",
        "one without its last letter": real[:-1] or "x",
        "one backwards": real[::-1],
    }


def judge_odd(name: str, capture: Capture) -> str:
    """Returns what is wrong with the response to an id that nobody gave out, or an empty text."""
    if not capture.is_stream:
        return f"{name}: {capture.outcome()}" + (
            "" if capture.status != 200 else f", {shown(capture.media_type)}"
        )
    if capture.faults:
        return f"{name}: {capture.faults[0]}"
    return ""


def _odd(session: Session) -> Verdict:
    ids = [event.id for event in session.long.so_far().events if event.id.isascii() and event.id]
    tried: dict[str, str | bytes] = {**ODD, **BINARY, **forged(ids)}
    faults = []
    for name, odd in tried.items():
        capture = session.glance(session.request(last_event_id=odd))
        fault = judge_odd(name, capture)
        if fault:
            faults.append(fault)
    return first_fault(faults, f"{len(tried)} ids")


CHECKS = (
    Check(
        id="resume",
        title="A client that comes back gets what it missed",
        rule="after Last-Event-ID come the items that followed, or a reset event",
        source=f"{HTML}#the-last-event-id-header",
        level=MUST,
        run=_header,
        late=True,
    ),
    Check(
        id="resume-every-id",
        title="Cut after any event, the stream goes on with no hole and no double",
        rule="what came before a cut and after the reconnect is the whole sequence",
        source=f"{HTML}#the-last-event-id-header",
        level=MUST,
        run=_every_id,
        late=True,
    ),
    Check(
        id="resume-query",
        title="The position may stand in the query",
        rule="?last_event_id= and ?lastEventId= do what the header does, for clients without it",
        source="https://github.com/Yaffle/EventSource",
        level=SHOULD,
        run=_query,
        late=True,
    ),
    Check(
        id="resume-precedence",
        title="The header wins over the query",
        rule="a client that reconnects keeps the URL, whose position is older than the header's",
        source=f"{HTML}#the-last-event-id-header",
        level=SHOULD,
        run=_precedence,
        late=True,
    ),
    Check(
        id="odd-ids",
        title="An id that nobody gave out is no error",
        rule="unknown, forged, long or binary ids: status 200 and a stream; else no client returns",
        source=f"{RFC9110}#section-5.5",
        level=MUST,
        run=_odd,
    ),
)
