"""Does a server that promises to end or to refuse streams do so in a way that clients can use?"""

import re
import time
from dataclasses import dataclass
from typing import cast

from sse_conformance.capture import COMPLETE, Capture
from sse_conformance.checks.check import (
    HTML,
    PROMISE,
    RFC9110,
    RFC9112,
    Check,
    Verdict,
    failed,
    passed,
    skipped,
)
from sse_conformance.checks.framing import judge_whole_at_end, shown
from sse_conformance.session import Session
from sse_conformance.wire import Stream, close_all

_RETRY_AFTER = re.compile(r"[0-9]+|[A-Z][a-z]{2}, .* GMT")
_AGAIN_S = 0.2


@dataclass
class Trial:
    """The streams that opened before one was refused; the other streams of the kit count too."""

    opened: int
    refused: Capture | None
    freed_s: float | None = None  # how long a new stream took after one was closed
    last: Capture | None = None  # the last response before it opened, or before time was up


def judge_limit(trial: Trial, limit: int) -> Verdict:
    """Judges how many streams opened, and how the next one was refused."""
    refused = trial.refused
    if refused is None:
        return failed(f"{trial.opened} streams are open at once, and none was refused")
    if refused.status not in (429, 503):
        return failed(f"stream {trial.opened + 1}: {refused.outcome()} instead of 503 or 429")
    if trial.opened < limit:
        return failed(f"only {trial.opened} streams opened: {refused.outcome()}")
    value = refused.header("Retry-After")
    if value is None or not _RETRY_AFTER.fullmatch(value.strip()):
        return failed(f"{refused.outcome()} comes with Retry-After {value!r}")
    return passed(f"stream {trial.opened + 1} gets {refused.outcome()}, Retry-After: {value}")


def judge_freed(trial: Trial, timeout_s: float) -> Verdict:
    """Judges how long a slot stayed taken after its stream was closed."""
    if trial.refused is None:
        return skipped("no stream was refused")
    if trial.freed_s is None:
        outcome = trial.last.outcome() if trial.last else "no response"
        return failed(f"{timeout_s:g} s after a stream was closed: {outcome}")
    return passed(f"after {trial.freed_s:.1f} s")


def judge_rotation(capture: Capture, rotation_s: float) -> Verdict:
    """Judges a stream that the server was to end by itself."""
    if capture.ended != COMPLETE:
        how = capture.error or f"open after {capture.lasted_s:.1f} s"
        return failed(f"the stream was not ended as a whole within {rotation_s:g} s: {how}")
    whole = judge_whole_at_end(capture)
    how = ", by the end of the connection" if capture.framing == "close" else ""
    return whole if whole.result == "fail" else passed(f"ended after {capture.lasted_s:.1f} s{how}")


def judge_carried_on(before: Capture, after: Capture, known: list[str], new: list[str]) -> Verdict:
    """Judges the reconnect after the end: no item of before, and what came in between.

    known: the items that the ended stream delivered. new: what was published after its end.
    """
    if not after.is_stream:
        return failed(f"the reconnect gets {after.outcome()}")
    doubled = [each for each in new if each in set(known)]
    if doubled and before.reading.last_id:
        return failed(f"{shown(doubled[0])} came again after the reconnect")
    return passed()


def _trial(session: Session) -> Trial:
    """Opens streams until one is refused, then closes one and opens another."""
    limit = session.options.limit or 0
    streams: list[Stream] = []
    opened = session.long.count_open()
    until = time.monotonic() + session.options.timeout_s
    refused: Capture | None = None
    try:
        while opened <= limit:
            stream = _open(session)
            if stream.seen().is_stream:
                streams.append(stream)
                opened += 1
                continue
            refused = stream.close()
            # Slots of streams that the kit left before may not be free yet.
            if opened >= limit or refused.status not in (429, 503) or time.monotonic() > until:
                break
            time.sleep(_AGAIN_S)
        trial = Trial(opened, refused if opened <= limit else None)
        if trial.refused and streams:
            streams.pop().close()
            _wait_for_slot(session, trial)
        return trial
    finally:
        close_all(streams)


def _wait_for_slot(session: Session, trial: Trial) -> None:
    started = time.monotonic()
    while time.monotonic() < started + session.options.timeout_s:
        stream = _open(session)
        trial.last = stream.close()
        if trial.last.is_stream:
            trial.freed_s = time.monotonic() - started
            return
        time.sleep(_AGAIN_S)


def _open(session: Session) -> Stream:
    stream = session.open(session.request(asked="GET of one more stream"))
    stream.read(session.options.timeout_s, stop=lambda each: each.capture.head is not None)
    return stream


def _shared_trial(session: Session) -> Trial:
    return cast("Trial", session.shared("limit", lambda: _trial(session)))


def _limit(session: Session) -> Verdict:
    return judge_limit(_shared_trial(session), session.options.limit or 0)


def _freed(session: Session) -> Verdict:
    return judge_freed(_shared_trial(session), session.options.timeout_s)


def _ended(session: Session) -> Capture:
    """Listens to one stream until the server ends it; another check comes back after it."""

    def listen() -> Capture:
        request = session.request(asked="GET until the server's end")
        return session.ask(request, seconds=(session.options.rotation_s or 0) + 1)

    return cast("Capture", session.shared("rotation", listen))


def _rotation(session: Session) -> Verdict:
    return judge_rotation(_ended(session), session.options.rotation_s or 0)


def _carries_on(session: Session) -> Verdict:
    before = _ended(session)
    if before.ended != COMPLETE:
        return skipped("the server did not end the stream")
    tokens = session.publish(1) if session.options.emits else []
    name = session.identities
    position = before.reading.last_id or None

    def has_all(stream: Stream) -> bool:
        return bool(tokens) and set(tokens) <= set(name.identities(stream.events))

    after = session.follow(last_event_id=position, stop=has_all)
    new = name.identities(after.events)
    if position and set(tokens) - set(new):
        return failed(f"{tokens[0]}, published between the end and the reconnect, did not come")
    known = name.identities(before.events) if name.are_named else []
    return judge_carried_on(before, after, known, new)


CHECKS = (
    Check(
        id="rotation",
        title="The server ends a stream in time, and as a whole",
        rule="within --rotation seconds, with whole events, and ended as HTTP says",
        source=f"{RFC9112}#section-8",
        level=PROMISE,
        needs="--rotation",
        run=_rotation,
        first=True,
    ),
    Check(
        id="rotation-resume",
        title="A client that the server sent away carries on",
        rule="the reconnect opens, repeats no item, and has what was published in between",
        source=f"{HTML}#the-last-event-id-header",
        level=PROMISE,
        needs="--rotation",
        run=_carries_on,
        first=True,
    ),
    Check(
        id="limit",
        title="One stream too many is refused so that clients come back",
        rule="stream --limit + 1 gets 503 or 429 with Retry-After, and the others open",
        source=f"{RFC9110}#section-15.6.4",
        level=PROMISE,
        needs="--limit",
        run=_limit,
        alone=True,
    ),
    Check(
        id="limit-freed",
        title="A closed stream makes room",
        rule="after one is closed, another one opens within the timeout",
        source=f"{RFC9110}#section-15.6.4",
        level=PROMISE,
        needs="--limit",
        run=_freed,
        alone=True,
    ),
)
