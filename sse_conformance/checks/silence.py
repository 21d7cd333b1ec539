"""How long does the stream say nothing at all, and do two clients hear the same?"""

from collections import Counter
from itertools import pairwise

from sse_conformance.capture import COMPLETE, Capture
from sse_conformance.checks.check import HTML, MUST, SHOULD, Check, Verdict, failed, passed, skipped
from sse_conformance.checks.framing import shown
from sse_conformance.identity import Identities
from sse_conformance.session import SILENCE_TOLERANCE_S, Session


def longest_silence_s(capture: Capture) -> float:
    """Returns the longest time without a byte of the body, from the response's head on."""
    times = [capture.head_s or 0.0, *(at for at, _ in capture.reads)]
    if capture.ended != COMPLETE:
        times.append(capture.lasted_s)
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def judge_silence(capture: Capture, heartbeat_s: float) -> Verdict:
    """Events and comments count alike."""
    silence_s = longest_silence_s(capture)
    seen = f"the longest silence of {capture.lasted_s:.1f} s was {silence_s:.1f} s"
    return passed(seen) if silence_s <= heartbeat_s + SILENCE_TOLERANCE_S else failed(seen)


def judge_two(one: Capture, other: Capture, identities: Identities) -> Verdict:
    """Compares the items that both clients received in the time that both listened."""
    if not other.is_stream:
        return failed(f"a second client gets {other.outcome()} while the first one listens")
    if one.body and not other.body and one.reads[0][0] + 1 < other.lasted_s:
        return failed(f"a second client got nothing in {other.lasted_s:.1f} s")
    ours = identities.identities(one.events)
    others = identities.identities(other.events)
    counted = Counter(ours)
    both = {each for each in set(ours) & set(others) if counted[each] == 1}
    ours = [each for each in ours if each in both]
    others = [each for each in others if each in both]
    if len(others) != len(ours):
        return failed(f"{shown(_first_doubled(others))} came more often to one client")
    if ours != others:
        return failed("two clients received the same items in different orders")
    if identities.are_named and both:
        return _judge_between(one, other, both, identities)
    return passed(f"{len(both)} events in common, in one order")


def _judge_between(one: Capture, other: Capture, both: set[str], identities: Identities) -> Verdict:
    """Between the first and the last item that both have, no client may lack one."""
    inner = []
    for capture in (one, other):
        items = identities.identities(capture.events)
        places = [at for at, item in enumerate(items) if item in both]
        inner.append(set(items[places[0] : places[-1] + 1]))
    lacking = inner[0] ^ inner[1]
    if lacking:
        return failed(f"{shown(sorted(lacking)[0])} reached only one of two clients")
    return passed(f"{len(both)} items, the same for both clients")


def _first_doubled(items: list[str]) -> str:
    return next((each for each, count in Counter(items).items() if count > 1), "")


def _two(session: Session) -> Verdict:
    if session.options.limit == 1:
        return skipped("--limit 1 allows one client only")
    one = session.long.finish()
    other = session.long.neighbour_so_far()
    if not one.events and not other.events and other.is_stream:
        return skipped("no event came")
    return judge_two(one, other, session.identities)


CHECKS = (
    Check(
        id="heartbeat",
        title="The stream is never silent for long",
        rule="a byte comes at least every --heartbeat seconds; events and comments count",
        source=f"{HTML}#authoring-notes",
        level=SHOULD,
        promised_by="--heartbeat",
        run=lambda session: judge_silence(session.long.finish(), session.options.heartbeat_s),
        late=True,
    ),
    Check(
        id="two-clients",
        title="Two clients receive the same events in one order",
        rule="a second client is served beside the first, and no event reaches only one of them",
        source=f"{HTML}#server-sent-events-intro",
        level=MUST,
        run=_two,
        late=True,
    ),
)
