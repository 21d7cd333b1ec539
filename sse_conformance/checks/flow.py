"""Is nothing lost and nothing doubled for a client that reconnects while items flow?"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from event_stream import Received

from sse_conformance.capture import Capture
from sse_conformance.checks.check import HTML, MUST, Check, Verdict, failed, passed, skipped
from sse_conformance.checks.resume import base_of
from sse_conformance.checks.sequence import judge_union
from sse_conformance.identity import Identities
from sse_conformance.session import MOMENT_S, Session
from sse_conformance.wire import Stream

RECONNECTS = 10
PUBLISHED = 15
# A stream that flows by itself must have this many items in a window.
FLOWING = 5


@dataclass
class Wanderer:
    """A client that is cut off again and again, each time after some bytes or some time."""

    session: Session
    replayed: frozenset[str]
    last_id: str = ""
    items: list[str] = field(default_factory=list)
    connections: int = 0
    refusal: str = ""

    def begin(self, publish: Callable[[], object] = list) -> None:
        """Connects for the first time, and stays until there is an id to come back with.

        publish: called a moment after the stream has opened.
        """
        request = self.session.request(asked="GET of a client that is to reconnect")
        with self.session.open_patiently(request) as stream:
            publishing = threading.Timer(MOMENT_S, publish)
            publishing.start()
            stream.read(self.session.options.timeout_s, self._first)
            stream.read(self.session.options.window_s)
            capture = stream.close()
            publishing.join()
        self._take(capture, stream.events)

    def visit(self, seconds: float, is_abrupt: bool) -> None:
        """Connects with the last id, listens, and is cut off. Comes again if the server is busy."""
        self.session.patiently(lambda: self._visit(seconds, is_abrupt), bool)

    def _visit(self, seconds: float, is_abrupt: bool) -> bool:
        """Returns whether the server was busy."""
        position = self.last_id or None
        request = self.session.request(last_event_id=position, asked="GET of a reconnect")
        with self.session.open(request) as stream:
            # Every third time the cut comes right after the first event.
            is_early = self.connections % 3 == 2
            stream.read(seconds, stop=_has_event if is_early else None)
            capture = stream.close(abruptly=is_abrupt)
        if self.session.is_busy(capture):
            return True
        self._take(capture, stream.events)
        return False

    def _first(self, stream: Stream) -> bool:
        return any(event.id for event in stream.events)

    def _take(self, capture: Capture, events: list[Received]) -> None:
        if capture.status is None and not capture.error:
            return  # cut off before the response came, as it may happen to any client
        if not capture.is_stream:
            self.refusal = self.refusal or capture.outcome()
            return
        self.connections += 1
        name = self.session.identities
        self.items += [name.exact(event) for event in events if self.counts(event)]
        if events and events[-1].id:  # without one, the position stays where it was
            self.last_id = events[-1].id

    def counts(self, event: Received) -> bool:
        """Whether this is an item."""
        name = self.session.identities
        if not name.is_item(event):
            return False
        return name.are_named or event.type in self.replayed


def _has_event(stream: Stream) -> bool:
    return bool(stream.events)


def _flow(session: Session) -> Verdict:
    base = base_of(session)
    if base.first is None or not base.first.replayed:
        return skipped("nothing is replayed after an id, or no items are known")
    wanderer = Wanderer(session, base.first.replayed)
    with session.open_patiently(session.request(asked="GET of a client that stays")) as stays:
        listening = threading.Thread(
            target=stays.read, args=(session.options.total_timeout_s,), daemon=True
        )
        listening.start()
        if session.options.emits:
            verdict = _published(session, wanderer, stays)
        else:
            verdict = _by_itself(session, wanderer, stays)
    return verdict


def _published(session: Session, wanderer: Wanderer, stays: Stream) -> Verdict:
    # The first id may come with an item only, which is published while the client listens.
    wanderer.begin(lambda: session.publish(1))
    if wanderer.refusal:
        return failed(f"a connection gets {wanderer.refusal}")
    if not wanderer.last_id:
        return skipped("a fresh connection gets no id to come back with")
    wanderer.items.clear()
    tokens: list[str] = []
    pause_s = session.options.window_s / 10

    def publish() -> None:
        for _ in range(PUBLISHED):
            tokens.extend(session.publish(1))
            time.sleep(pause_s)

    publishing = threading.Thread(target=publish, daemon=True)
    publishing.start()
    while publishing.is_alive():
        _wander(session, wanderer)
    until = time.monotonic() + session.options.timeout_s
    while time.monotonic() < until and not set(tokens) <= set(wanderer.items):
        wanderer.visit(session.options.window_s / 2, is_abrupt=False)
    if wanderer.refusal:
        return failed(f"a reconnect gets {wanderer.refusal}")
    if not tokens:
        return skipped("the producer took no text")
    mine = [item for item in wanderer.items if item in set(tokens)]
    reference = [item for item in _items(session.identities, stays) if item in set(tokens)]
    return _told(judge_union(reference, mine, tokens), wanderer)


def _by_itself(session: Session, wanderer: Wanderer, stays: Stream) -> Verdict:
    wanderer.begin()
    for _ in range(RECONNECTS):
        _wander(session, wanderer)
    wanderer.visit(session.options.window_s / 2, is_abrupt=False)
    if wanderer.refusal:
        return failed(f"a reconnect gets {wanderer.refusal}")
    reference = [session.identities.exact(each) for each in stays.events if wanderer.counts(each)]
    if len(reference) < FLOWING:
        return skipped("the stream does not flow by itself: --emit-url")
    return _told(judge_union(reference, wanderer.items, []), wanderer)


def _wander(session: Session, wanderer: Wanderer) -> None:
    wanderer.visit(random.uniform(0, session.options.window_s / 4), random.random() < 0.5)


def _items(identities: Identities, stream: Stream) -> list[str]:
    return identities.identities(stream.events)


def _told(verdict: Verdict, wanderer: Wanderer) -> Verdict:
    if verdict.result != "pass":
        return verdict
    return passed(f"{verdict.evidence}, over {wanderer.connections} connections")


CHECKS = (
    Check(
        id="reconnects",
        title="Reconnecting while items flow, a client misses none and gets none twice",
        rule="over many connections, cut anywhere, come exactly the items that were published",
        source=f"{HTML}#the-last-event-id-header",
        level=MUST,
        run=_flow,
        alone=True,
    ),
)
