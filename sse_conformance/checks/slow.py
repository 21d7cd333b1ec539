"""What does a client that stops reading do to the stream, and to other clients?"""

import threading
import time
from collections.abc import Sequence
from itertools import pairwise

from sse_conformance.capture import COMPLETE, Capture
from sse_conformance.checks.check import MUST, RFC9112, Check, Verdict, failed, passed, skipped
from sse_conformance.checks.framing import judge_fields, judge_utf8, shown
from sse_conformance.session import Session
from sse_conformance.wire import Stream

# Not less: on one machine a segment has up to 64 KB, and waits for as much room.
_SMALL_BUFFER_BYTES = 65_536
_PUBLISHED = 3
_LARGE_CHARACTERS = 100_000
_MOST_LARGE = 64  # 6 MB are more than the buffers of a connection hold
# Buffers between the server and a client that does not read hold less for nothing.
_TELLING_BYTES = 262_144
# A server that waits for the slow client is silent for so long, or for this part of a short pause.
_BLOCKED_S = 2.0
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


def judge_kept(heard: Sequence[str], wanted: Sequence[str]) -> Verdict:
    """Judges the items of the client that did not read: it may lack the last ones, and no others.

    `wanted` has the items that were published meanwhile and that another client got, in order.
    """
    got = set(heard)
    reached = [number for number, each in enumerate(wanted) if each in got]
    before_the_last = wanted[: reached[-1]] if reached else ()
    for each in before_the_last:
        if each not in got:
            return failed(f"{shown(each)} never reached the client that did not read for a while")
    return passed()


def _read_on(session: Session, slow: Stream, tokens: Sequence[str]) -> None:
    """Reads what was held up: to the last of the texts, or for a window if there are none."""
    slow.widen()
    if not tokens:
        slow.read(session.options.window_s)
        return

    def has_all(stream: Stream) -> bool:
        return tokens[-1] in session.identities.identities(stream.events)

    slow.read(session.options.timeout_s, stop=has_all)


def _publish(session: Session, until: float) -> list[str]:
    """Publishes a few short texts, and large ones for as long as there is time."""
    if not session.options.emits:
        return []
    tokens = session.publish(_PUBLISHED)
    for _ in range(_MOST_LARGE):
        token = session.fresh_token()
        if time.monotonic() > until or session.emit(f"{token} {'x' * _LARGE_CHARACTERS}"):
            break
        tokens.append(token)
    return tokens


def _slow(session: Session) -> Verdict:
    pause_s = session.options.slow_s
    some_s = max(session.options.window_s, pause_s / 2)
    with session.open_patiently(session.request(asked="GET of another client")) as other:
        other.read(some_s)
        alone_until = other.age_s
        with session.open_patiently(
            session.request(asked="GET of a client that does not read"),
            session.wire.with_buffer(_SMALL_BUFFER_BYTES),
        ) as slow:
            slow.read_slowly(256, session.options.timeout_s)
            from_bytes, from_s = other.body_bytes, other.age_s
            if not session.options.emits:
                other.read(some_s)  # meanwhile buffers become full
            listening = threading.Thread(target=other.read, args=(pause_s,), daemon=True)
            listening.start()
            tokens = _publish(session, time.monotonic() + pause_s / 2)
            listening.join()
            seen = other.seen()
            flowed = other.body_bytes - from_bytes
            heard = session.identities.identities(seen.events)
            published = set(tokens)
            wanted = [each for each in heard if each in published]
            _read_on(session, slow, wanted)
            times = [at for at, _ in seen.reads]
            late = set(tokens[:_PUBLISHED]) - set(heard)
            capture = slow.close()
    if not seen.is_stream:
        return failed(f"beside a client that does not read, another one gets {seen.outcome()}")
    if seen.ended == COMPLETE:
        return skipped(f"the server ended the other client's stream after {seen.lasted_s:.1f} s")
    if late:
        return failed(f"{shown(min(late))} did not reach another client in {pause_s:g} s")
    kept = judge_kept(
        session.identities.identities(capture.events),
        wanted,
    )
    for verdict in (judge_slow(capture), kept):
        if verdict.result == "fail":
            return verdict
    if not times:
        return skipped("no byte came to a client that reads")
    before_s = longest_gap_s(times, seen.head_s or 0.0, alone_until)
    until_s = max(from_s, seen.lasted_s - session.options.window_s)
    during_s = longest_gap_s(times, from_s, until_s)
    verdict = judge_others(before_s, during_s, min(_BLOCKED_S, pause_s * _BLOCKED))
    if verdict.result == "pass" and flowed < _TELLING_BYTES:
        few = f"only {flowed} bytes flowed while it did not read, which buffers may have held"
        return verdict if session.options.emits else skipped(f"{few}: name --emit-url")
    return verdict


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
