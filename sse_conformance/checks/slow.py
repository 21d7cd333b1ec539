"""What does a client that stops reading do to the stream, and to other clients?"""

from itertools import pairwise

from sse_conformance.capture import Capture
from sse_conformance.checks.check import MUST, RFC9112, Check, Verdict, failed, passed, skipped
from sse_conformance.checks.framing import judge_fields, judge_utf8, shown
from sse_conformance.session import Session

_SMALL_BUFFER_BYTES = 4096
_PUBLISHED = 3
# A server that waits for the slow client is silent for this part of the pause, at least.
_BLOCKED = 0.6


def judge_slow(capture: Capture) -> Verdict:
    """Judges all bytes that the slow client received in the end."""
    if not capture.is_stream:
        return failed(f"a slow client gets {capture.outcome()}")
    if capture.faults:
        return failed(f"after the pause: {capture.faults[0]}")
    for verdict in (judge_utf8(capture.reading), judge_fields(capture.reading)):
        if verdict.result == "fail":
            return failed(f"after the pause: {verdict.evidence}")
    return passed()


def judge_others(before_s: float, longest_s: float, tolerated_s: float) -> Verdict:
    """Compares the longest silence that another client heard before and during the pause."""
    if longest_s > max(2 * before_s, tolerated_s):
        return failed(f"another client hears nothing for {longest_s:.1f} s while one does not read")
    return passed(f"another client's longest silence is {longest_s:.1f} s")


def longest_gap_s(times: list[float], start: float, end: float) -> float:
    """Returns the longest time without a byte between two moments."""
    inside = [start, *(each for each in times if start < each < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


def _slow(session: Session) -> Verdict:
    pause_s = session.options.slow_s
    with (
        session.open_patiently(session.request(asked="GET of another client")) as other,
        session.wire.with_buffer(_SMALL_BUFFER_BYTES).open(
            session.request(asked="GET of a client that does not read")
        ) as slow,
    ):
        before_end = max(session.options.window_s, pause_s / 2)
        slow.read_slowly(256, session.options.timeout_s)
        other.read(before_end)
        tokens = session.publish(_PUBLISHED) if session.options.emits else []
        other.read(pause_s)
        slow.read(session.options.window_s)
        late = set(tokens) - set(session.identities.identities(other.events))
        times = [at for at, _ in other.seen().reads]
        seen = other.seen()
        capture = slow.close()
    if not seen.is_stream:
        return failed(f"beside a client that does not read, another one gets {seen.outcome()}")
    if late:
        return failed(f"{shown(min(late))} did not reach another client in {pause_s:g} s")
    verdict = judge_slow(capture)
    if verdict.result == "fail":
        return verdict
    if not times:
        return skipped("no byte came to a client that reads")
    start = seen.head_s or 0.0
    end = start + before_end
    before_s = longest_gap_s(times, start, end)
    during_s = longest_gap_s(times, end, max(end, seen.lasted_s - session.options.window_s))
    return judge_others(before_s, during_s, pause_s * _BLOCKED)


CHECKS = (
    Check(
        id="slow-reader",
        title="A client that stops reading hurts nobody else",
        rule="others receive on; it gets whole bytes in order when it reads again, or is cut off",
        source=f"{RFC9112}#section-9.5",
        level=MUST,
        run=_slow,
        alone=True,
    ),
)
